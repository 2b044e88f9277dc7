"""The style sheet of the page: light and dark, narrow and wide, on paper, and in colours that the reader forces."""

from __future__ import annotations

_LIGHT = """
  --paper:#fcfcfb;--card:#fff;--soft:#f3f4f6;--ink:#191c21;--mute:#59616d;--rule:#e2e5ea;--strong:#c5cad3;
  --accent:#2b59c3;--shade:0 1px 2px rgb(20 28 45/.05),0 4px 16px rgb(20 28 45/.05);
  --fresh:#17703f;--stale:#8a5600;--failed:#b1242d;--missing:#59616d;--unknown:#6546ad;
  --fresh-soft:#e6f5eb;--stale-soft:#fdf2da;--failed-soft:#fdebea;--missing-soft:#eff1f4;--unknown-soft:#f1ecfb;
  --fresh-bar:#3aa76d;--stale-bar:#e0a32e;--failed-bar:#d9534f;--missing-bar:#c3c9d2;--unknown-bar:#a58bdb;
"""

_DARK = """
  --paper:#0f1216;--card:#161a20;--soft:#1d222a;--ink:#e8ebf0;--mute:#a3acb9;--rule:#272d36;--strong:#414956;
  --accent:#8fb4ff;--shade:0 0 0 1px rgb(255 255 255/.03);
  --fresh:#74d99b;--stale:#f0bd5c;--failed:#ff938c;--missing:#a3acb9;--unknown:#c4aef5;
  --fresh-soft:#132c1e;--stale-soft:#33270e;--failed-soft:#3a1a1b;--missing-soft:#20262e;--unknown-soft:#2a2240;
  --fresh-bar:#3aa76d;--stale-bar:#d2962a;--failed-bar:#d9534f;--missing-bar:#4a5360;--unknown-bar:#8467c4;
"""

_PAGE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:64px}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans",sans-serif}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 28px}
header{padding-top:40px}
h1{font-size:2.1rem;line-height:1.15;letter-spacing:-.022em;font-weight:680;margin:2px 0 8px;overflow-wrap:anywhere}
h2{font-size:1.28rem;letter-spacing:-.012em;font-weight:650;margin:0 0 14px}
h3{font-size:1rem;font-weight:620;margin:0 0 6px}
h4{font-size:.95rem;margin:18px 0 6px;font-weight:600}
h3 small{font-weight:400;color:var(--mute);font-size:.86rem;margin-left:10px}
p{margin:0 0 10px}
a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:2px}
code,pre{font-family:ui-monospace,"SF Mono",SFMono-Regular,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",
monospace}
code,pre{font-variant-ligatures:none}
code{font-size:.875em;overflow-wrap:anywhere;unicode-bidi:isolate}
h3 code,.what{font-weight:620}
pre{margin:8px 0 12px;padding:12px 14px;background:var(--soft);border-radius:8px;font-size:12.5px;line-height:1.5;
overflow-x:auto;tab-size:4}
pre code{font-size:inherit;overflow-wrap:normal}
main>section{margin-top:44px}
.kind{font-size:.74rem;letter-spacing:.09em;text-transform:uppercase;color:var(--mute);font-weight:600;margin:0}
.title{display:flex;justify-content:space-between;align-items:flex-start;gap:20px}
.meta,.doc,.left{color:var(--mute)}
.meta{font-size:.9rem}
.doc{font-size:.9rem}
.skip{position:absolute;left:-9999px}
.skip:focus{left:16px;top:12px;background:var(--card);padding:8px 14px;border-radius:8px;z-index:9}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
button,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--strong);border-radius:8px;
padding:5px 13px}
button{cursor:pointer}
.title button{white-space:nowrap;flex:none}
button:hover{background:var(--soft)}
"""

_HEAD = """
.states{display:block;width:100%;height:10px;border-radius:5px;margin:20px 0 10px}
.states .fresh{fill:var(--fresh-bar)}.states .stale{fill:var(--stale-bar)}.states .failed{fill:var(--failed-bar)}
.states .missing{fill:var(--missing-bar)}.states .unknown{fill:var(--unknown-bar)}
.tally,.legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 10px;padding:0;margin:0 0 20px;font-size:.92rem;
color:var(--mute)}
.tally button{border-color:transparent;background:none;padding:2px 9px;margin-left:-9px;color:inherit}
.tally li{margin-right:12px}
.tally button:hover{background:var(--soft)}
.tally button[aria-pressed=true]{background:var(--soft);border-color:var(--strong)}
.tally b{color:var(--ink);font-variant-numeric:tabular-nums;margin-left:6px}
.fresh .sign,.legend .fresh span{color:var(--fresh)}.stale .sign,.legend .stale span{color:var(--stale)}
.failed .sign,.legend .failed span,.failure .sign{color:var(--failed)}.missing .sign,
.legend .missing span{color:var(--missing)}
.unknown .sign,.legend .unknown span{color:var(--unknown)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 18px}
.tiles div{display:flex;flex-direction:column-reverse;justify-content:flex-end;background:var(--card);
border:1px solid var(--rule);border-radius:12px;padding:12px 16px;box-shadow:var(--shade)}
.tiles dt{color:var(--mute);font-size:.84rem}
.tiles dd{margin:0;font-size:1.32rem;font-weight:640;letter-spacing:-.015em;font-variant-numeric:tabular-nums;
white-space:nowrap}
.tiles time{font-size:1.08rem}
.tiles .age{font-size:.84rem;font-weight:400;margin-left:6px}
nav{display:flex;flex-wrap:wrap;gap:4px 22px;border-bottom:1px solid var(--rule);padding:10px 0 9px;font-size:.93rem}
nav a{text-decoration:none;color:var(--mute)}
nav a:hover{color:var(--ink)}
"""

_TABLE = """
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:separate;border-spacing:0;font-size:.92rem}
caption{text-align:left;color:var(--mute);font-size:.86rem;padding:0 0 10px}
th,td{text-align:left;padding:9px 12px;vertical-align:top;font-weight:inherit}
thead th{font-size:.8rem;font-weight:600;color:var(--mute);border-bottom:1px solid var(--strong);white-space:nowrap;
vertical-align:bottom;padding:6px 12px}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.metrics{width:100%}
.metrics tbody tr:first-child>*{border-top:1px solid var(--rule)}
.metrics thead+tbody tr:first-child>*{border-top:0}
.metrics td:first-child{width:1%;padding-left:2px}
.metrics thead th:first-child{padding-left:10px}
.glance code{white-space:nowrap}.glance .value{white-space:normal}
.metrics tbody th{max-width:330px}
.metrics tbody:target tr>*{background:var(--soft)}
.metrics tbody th .doc{display:block;margin-top:1px;line-height:1.4}
.more>td{padding-top:0;padding-bottom:10px}
.preview .glance{display:flex;align-items:center;gap:10px;min-height:26px}
.preview .value{font-size:.95rem;font-weight:600}
.preview .type,.preview .of{color:var(--mute);font-size:.82rem}
.none{color:var(--mute)}
.metrics time{white-space:nowrap}
.age{color:var(--mute)}
.meta .age,.failure .age,.run .age{margin-left:4px;white-space:nowrap}
.metrics .age{display:block;font-size:.86rem}
.badge{display:inline-block;border-radius:99px;padding:1px 10px 1px 8px;font-size:.83rem;font-weight:560;
white-space:nowrap}
.badge.fresh{color:var(--fresh);background:var(--fresh-soft)}.badge.stale{color:var(--stale);
background:var(--stale-soft)}
.badge.failed{color:var(--failed);background:var(--failed-soft)}.badge.missing{color:var(--missing);
background:var(--missing-soft)}
.badge.unknown{color:var(--unknown);background:var(--unknown-soft)}
.why{font-weight:560}.why.stale{color:var(--stale)}.why.failed{color:var(--failed)}.why.unknown{color:var(--unknown)}
summary{cursor:pointer;border-radius:4px;width:fit-content;max-width:100%}
.more summary,.more .line{color:var(--mute);font-size:.86rem}
.more summary:hover{color:var(--ink)}
thead button{all:unset;cursor:pointer;border-radius:4px}
thead button:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
thead button::after{content:"";display:inline-block;width:1.1em;text-align:center;color:var(--accent)}
th.n button::after{margin-right:-1.1em}
th[aria-sort=ascending] button::after{content:"↑" / ""}th[aria-sort=descending] button::after{content:"↓" / ""}
.search{display:flex;flex-wrap:wrap;align-items:center;gap:10px;font-size:.92rem}
.search[hidden]{display:none}
.search input{width:min(280px,100%)}
.search span{color:var(--mute)}
"""

_PROVENANCE = """
.provenance{margin:10px 0 6px;padding:14px 18px;background:var(--card);border:1px solid var(--rule);
border-radius:12px;box-shadow:var(--shade)}
.provenance dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 18px;margin:0;font-size:.88rem}
.provenance dt{color:var(--mute)}
.provenance dd{margin:0;overflow-wrap:anywhere}
.provenance ul{margin:0 0 10px;padding-left:18px}
.source{margin-top:10px;font-size:.88rem}
.diff span{display:block}
.diff .added{color:var(--fresh)}.diff .removed{color:var(--failed)}.diff .at{color:var(--mute)}
.failure{background:var(--card);border:1px solid var(--rule);border-left:3px solid var(--failed-bar);
border-radius:10px;padding:13px 18px;margin-bottom:12px;box-shadow:var(--shade)}
.failure p{margin:0 0 6px;overflow-wrap:anywhere;white-space:pre-line}
.failure .again{color:var(--mute);font-size:.88rem;margin:6px 0 0}
.failure summary{color:var(--mute);font-size:.9rem}
"""

_DRAWINGS = """
svg{display:block}
svg text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums}
svg .tick{fill:var(--mute);font-size:11.5px}
svg .name{font-weight:600}
.grid{stroke:var(--rule)}.axis{stroke:var(--strong)}
.curve{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.spark{flex:none}
.spark .curve{stroke-width:1.5}.spark .bar{fill:var(--accent);opacity:.75}
.dot{fill:var(--card);stroke:var(--accent);stroke-width:2}
.dot.stale{stroke:var(--stale)}.dot.failed{stroke:var(--failed)}.dot.unknown{stroke:var(--unknown)}
.cloud{stroke:var(--accent);stroke-width:4;stroke-linecap:round;fill:none;opacity:.6}
svg .peak{font-weight:600}
svg .mark{font-size:14px;fill:var(--mute)}svg .mark.failed{fill:var(--failed)}
svg .in{font-size:12.5px}svg .in.pale{fill:#fff}svg .in.deep{fill:#000}
.gap{fill:var(--soft);stroke:var(--strong);stroke-dasharray:2 3}
.gap.failed{fill:var(--failed-soft);stroke:var(--failed)}.gap.stale{fill:var(--stale-soft)}
.gap.fresh{fill:var(--fresh-soft);stroke:none}
.ring{fill:none;stroke-width:1.6;stroke-dasharray:4 3}svg .legend,svg .cells{shape-rendering:crispEdges}
.ring.stale{stroke:var(--stale-bar)}.ring.failed{stroke:var(--failed-bar)}.ring.unknown{stroke:var(--unknown-bar)}
figure{margin:14px 0;min-width:0}
.maps{display:flex;flex-wrap:wrap;gap:0 36px}
figcaption{margin-bottom:4px}
.sweep{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:18px 20px 12px;
margin-bottom:18px;box-shadow:var(--shade)}
.sweep h3 a{color:inherit;text-decoration:none}.sweep h3 a:hover{text-decoration:underline}
.points{margin-top:6px;font-size:.92rem}.points summary{color:var(--mute)}
.points td{padding:4px 12px;border-bottom:1px solid var(--rule)}
.timeline .bar{fill:var(--accent)}
.timeline .lane{font-weight:550}
.slowest{margin-top:20px}
.slowest th{border:0}
.slowest td{padding:4px 12px;vertical-align:middle}
.slowest a,.failure h3 a{color:inherit;text-decoration:none}.slowest a:hover,
.failure h3 a:hover{text-decoration:underline}
.slowest td:first-child,.slowest th:first-child{padding-left:0}
.share{width:200px}
meter{display:block;width:180px;height:8px;background:var(--soft);border:0;border-radius:4px}
meter::-webkit-meter-bar{background:var(--soft);border:0;border-radius:4px;height:8px}
meter::-webkit-meter-optimum-value{background:var(--accent);border-radius:4px}
meter::-moz-meter-bar{background:var(--accent);border-radius:4px}
.graph .node{fill:var(--card);stroke:var(--strong);stroke-width:1.4}
.graph .node.fresh{fill:var(--fresh-soft);stroke:var(--fresh-bar)}
.graph .node.stale{fill:var(--stale-soft);stroke:var(--stale-bar);stroke-dasharray:6 3;stroke-width:1.8}
.graph .node.failed{fill:var(--failed-soft);stroke:var(--failed-bar);stroke-width:2.4}
.graph .node.missing{fill:var(--missing-soft);stroke:var(--missing);stroke-dasharray:2 3}
.graph .node.unknown{fill:var(--unknown-soft);stroke:var(--unknown-bar);stroke-dasharray:1 3}
.graph .node.other{stroke-dasharray:3 3}
svg .what{font-weight:620;font-size:13px}
svg .sign.fresh{fill:var(--fresh)}svg .sign.stale{fill:var(--stale)}svg .sign.failed{fill:var(--failed)}
svg .sign.missing{fill:var(--missing)}svg .sign.unknown{fill:var(--unknown)}
.edge{fill:none;stroke:var(--mute);stroke-width:1.4;opacity:.7}
.edge.possible{stroke-dasharray:3 4}
.head{fill:var(--mute)}
.graph a{text-decoration:none}
.graph a:hover .node,.graph a:focus-visible .node{stroke-width:3}
.graph .far{opacity:.18}
.legend{margin-bottom:10px;font-size:.86rem}
.legend li{margin-right:8px}
.possible{display:inline-block}
li .possible{width:24px;border-top:2px dashed var(--mute);vertical-align:middle}
footer{color:var(--mute);font-size:.86rem;margin-top:52px;padding-top:16px;padding-bottom:40px}
"""

_MEDIA = """
@media(max-width:640px){
header,main,footer{padding-left:16px;padding-right:16px}
header{padding-top:22px}h1{font-size:1.6rem}
.tiles{grid-template-columns:1fr 1fr}
.tiles dd{font-size:1.12rem}.tiles time{font-size:.98rem}.tiles .age{display:block;margin:0}
.metrics,.metrics tbody,.metrics caption{display:block}
.metrics thead{display:none}
.metrics tr{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:baseline}
.metrics tbody{padding:12px 0;border-top:1px solid var(--rule)}
.metrics tbody[hidden]{display:none}
.metrics td,.metrics th{padding:0;border:0!important}
.metrics td:first-child{width:auto}
.metrics tbody th{flex:1 1 60%;max-width:none}
.metrics .preview{flex:1 1 100%}
.metrics .n{color:var(--mute)}
.metrics .age{display:inline}
.more>td:first-child{display:none}
.more>td{flex:1 1 100%;min-width:0;padding:4px 0 0}
.slowest table{width:100%}.share{width:auto}meter{width:72px}
.sweep,.failure{padding-left:14px;padding-right:14px}
.provenance dl{grid-template-columns:1fr;gap:0}.provenance dd{margin-bottom:8px}
}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media(forced-colors:active){.node,.gap{stroke:CanvasText}.badge{border:1px solid}.curve,.edge{stroke:CanvasText}
.states rect,.bar{forced-color-adjust:none}}
@media print{
@page{margin:14mm}
:root{--paper:#fff}
body{font-size:9.5pt}
table{font-size:9pt}
th,td{padding:6px 8px}
.tiles dd{font-size:12pt}.tiles time{font-size:10.5pt}.tiles .age,.metrics .age{display:none}
.metrics tbody th{min-width:50mm}
.glance{gap:6px}.glance code{font-size:8pt}
.metrics th,.metrics td{padding:5px 6px}
nav,.search,.skip,#theme,.points,.source{display:none!important}
header,main,footer{max-width:none;padding:0}
main>section{margin-top:24px}
.tiles div,.sweep,.failure,.provenance{box-shadow:none}
.metrics tbody,.failure,.sweep,figure,.tiles{break-inside:avoid}
h2,h3{break-after:avoid}
.scroll{overflow:visible}
svg{max-width:100%;height:auto}
svg.states{height:10px}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
"""

STYLE = (
    f":root{{color-scheme:light;{_LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{_DARK}}}}}"
    f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{_DARK}}}}}"
    f"{_PAGE}{_HEAD}{_TABLE}{_PROVENANCE}{_DRAWINGS}{_MEDIA}"
).replace("\n", "")
"""On paper it is light, whatever the screen is."""
