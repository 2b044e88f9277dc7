"""The script of the page. Without it everything can be read; with it the table is searched and sorted.

It tells how long ago things were when they are read, not when the page was written, and it makes no markup from text.
"""

from __future__ import annotations

SCRIPT = """'use strict';
(function () {
const root = document.documentElement;
const kept = {
  get(name) { try { return sessionStorage.getItem(name) } catch { return null } },
  set(name, value) { try { sessionStorage.setItem(name, value) } catch { return } },
};
if (kept.get('theme')) root.dataset.theme = kept.get('theme');
const all = (what, where) => Array.from((where || document).querySelectorAll(what));

function theme(button) {
  const preferred = matchMedia('(prefers-color-scheme: dark)');
  const dark = () => root.dataset.theme ? root.dataset.theme === 'dark' : preferred.matches;
  const say = () => { button.textContent = dark() ? 'Light colours' : 'Dark colours' };
  button.hidden = false;
  button.addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    kept.set('theme', root.dataset.theme);
    say();
  });
  say();
}

function ages() {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  for (const time of all('.metrics td > time, .meta time, .tiles time, .failure time')) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const unit = units.find(each => seconds >= each[0]) || units[3];
    const age = document.createElement('span');
    age.className = 'age';
    age.textContent = ' ' + Math.floor(seconds / unit[0]) + ' ' + unit[1] + ' ago';
    time.after(age);
  }
}

function searching(table) {
  const box = document.getElementById('search'), shown = document.getElementById('shown');
  const groups = all('tbody', table), texts = new Map();
  let state = '';
  const text = group => {
    if (!texts.has(group)) texts.set(group, group.textContent.toLowerCase());
    return texts.get(group);
  };
  const choose = () => {
    const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const group of groups) {
      const here = (!state || group.dataset.state === state) && words.every(word => text(group).includes(word));
      group.hidden = !here;
      count += here;
    }
    shown.textContent = words.length || state ? count + ' of ' + groups.length + ' shown' : '';
    kept.set('search', box.value);
  };
  box.value = kept.get('search') || '';
  box.parentElement.hidden = false;
  box.addEventListener('input', choose);
  for (const item of all('.tally li')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...item.childNodes);
    button.setAttribute('aria-pressed', 'false');
    item.append(button);
    button.addEventListener('click', () => {
      state = state === item.dataset.state ? '' : item.dataset.state;
      for (const each of all('.tally li')) {
        each.firstChild.setAttribute('aria-pressed', String(each.dataset.state === state));
      }
      choose();
    });
  }
  addEventListener('hashchange', () => {
    const group = document.getElementById(location.hash.slice(1));
    if (group && group.hidden) { box.value = ''; state = ''; choose(); group.scrollIntoView() }
  });
  choose();
}

function sorting(table) {
  for (const head of all('thead th', table)) {
    const column = head.cellIndex, button = document.createElement('button');
    if (head.textContent === 'Value') continue;
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const now = head.getAttribute('aria-sort');
      const order = now === null ? 'ascending' : now === 'ascending' ? 'descending' : '';
      for (const each of all('thead th', table)) each.removeAttribute('aria-sort');
      if (order) head.setAttribute('aria-sort', order);
      const key = group => order ? group.rows[0].cells[column].dataset.key : group.dataset.place;
      const sign = order === 'descending' ? -1 : 1;
      const compare = (one, other) => {
        const a = key(one), b = key(other), difference = Number(a) - Number(b);
        const found = a && b && !isNaN(difference) ? difference : a.localeCompare(b);
        return sign * found || one.dataset.place - other.dataset.place;
      };
      table.append(...Array.from(table.tBodies).sort(compare));
    });
  }
}

function tracing(graph) {
  const reach = (start, from, to) => {
    const found = new Set([start]), todo = [start];
    while (todo.length) {
      const here = todo.pop();
      for (const edge of edges) if (edge.dataset[from] === here && !found.has(edge.dataset[to])) {
        found.add(edge.dataset[to]);
        todo.push(edge.dataset[to]);
      }
    }
    return found;
  };
  const edges = all('.edge', graph), parts = all('[data-node], [data-from]', graph);
  const show = node => {
    const before = reach(node, 'to', 'from'), after = reach(node, 'from', 'to');
    for (const part of parts) {
      const { node: own, from, to } = part.dataset;
      const near = own !== undefined ? before.has(own) || after.has(own) : before.has(to) || after.has(from);
      part.classList.toggle('far', !near);
    }
  };
  const clear = () => parts.forEach(part => part.classList.remove('far'));
  for (const node of all('[data-node]', graph)) {
    for (const event of ['mouseenter', 'focus']) node.addEventListener(event, () => show(node.dataset.node));
    for (const event of ['mouseleave', 'blur']) node.addEventListener(event, clear);
  }
}

document.addEventListener('DOMContentLoaded', () => {
  theme(document.getElementById('theme'));
  ages();
  const table = document.querySelector('.metrics');
  searching(table);
  sorting(table);
  all('svg.graph').forEach(tracing);
});
})();
"""
