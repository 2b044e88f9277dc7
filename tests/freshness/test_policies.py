"""A project is computed, edited on disk, and its metrics are asked for in a new process under each preset, and more."""

from __future__ import annotations

import json
from typing import cast

import pytest

from simple_metrics_manager.outcomes.reasons import PRESETS, Policy, layered
from tests.freshness import project
from tests.freshness.test_edits import EDITS, Edit, edited_projects, run

COSMETIC = [name for name, edit in EDITS.items() if not edit.told and not edit.then]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, project.Outcome]]]:
    """What became of each metric, by edit and preset."""
    said = run("read", *edited_projects(tmp_path_factory.mktemp("policies")))
    return cast("dict[str, dict[str, dict[str, project.Outcome]]]", json.loads(said))


def expected(edit: Edit, metric: str, preset: str) -> set[Policy]:
    """What the causes make of a metric, by the policies of the preset."""
    return {layered(project.CHOICES[preset])[cause.reason] for cause in edit.told.get(metric, ()) if not cause.via}


def metric_of(key: str) -> str:
    """``swept`` for ``swept,k=1,factor=2.0``."""
    return key.partition(",")[0]


@pytest.mark.parametrize("preset", project.CHOICES)
@pytest.mark.parametrize("name", EDITS)
def test_policies_are_kept(outcomes: dict[str, dict[str, dict[str, project.Outcome]]], name: str, preset: str) -> None:
    """Each metric is refused, computed anew, warned of or used as its reasons have it; all else is used in silence."""
    for key, outcome in outcomes[name][preset].items():
        edit, metric = EDITS[name], metric_of(key)
        if edit.then and metric == "last":
            continue  # its input is computed anew first, see below
        policies = expected(edit, metric, preset)
        refused = bool(outcome["refused"])
        assert refused == ("error" in policies), (key, outcome)
        if refused:
            assert outcome["computed"] == [], (key, outcome)
        elif metric not in ("reader", "last"):  # whose inputs decide, see below
            assert (key in outcome["computed"]) == ("recompute" in policies), (key, outcome)
            assert bool(outcome["warned"]) == ("warn" in policies and "recompute" not in policies), (key, outcome)


@pytest.mark.parametrize("name", EDITS)
def test_no_wrong_value_is_served(outcomes: dict[str, dict[str, dict[str, project.Outcome]]], name: str) -> None:
    """``fresh`` gives what today's code computes, ``strict`` that or an error, ``careful`` that or a warning."""
    for preset in (*PRESETS, "error"):
        for key, outcome in outcomes[name][preset].items():
            told = outcome["refused"] or outcome["warned"] if preset != "fresh" else False
            computable = outcome["truth"] is not None
            assert told or not computable or outcome["value"] == outcome["truth"], (preset, key, outcome)


@pytest.mark.parametrize("name", COSMETIC)
def test_cosmetic_edits_change_nothing(outcomes: dict[str, dict[str, dict[str, project.Outcome]]], name: str) -> None:
    """Nothing is computed, warned of or refused under any preset, whatever the edit did to the text."""
    for preset in project.CHOICES:
        for key, outcome in outcomes[name][preset].items():
            assert (outcome["computed"], outcome["warned"], outcome["refused"]) == ([], {}, []), (preset, key)
            assert outcome["value"] is not None


def test_what_an_input_makes_of_its_readers(
    outcomes: dict[str, dict[str, dict[str, project.Outcome]]],
) -> None:
    """A stale input is warned of with those that read it, computed anew before them, or refused with them."""
    found = {preset: outcomes["input is stale"][preset]["last"] for preset in PRESETS}

    assert (found["careful"]["computed"], found["careful"]["warned"]) == ([], {"Lab.last": ["upstream_stale"]})
    assert found["fresh"]["computed"] == ["pixels", "reader", "last"]
    assert found["strict"]["refused"] == ["upstream_stale", "helper_changed"]


def test_early_cut_off(outcomes: dict[str, dict[str, dict[str, project.Outcome]]]) -> None:
    """An input that comes to the same bytes leaves its readers alone; one that does not has them computed anew."""
    for preset in PRESETS:
        same = outcomes["input recomputed, same bytes"][preset]
        other = outcomes["input recomputed, other bytes"][preset]
        assert [same[key]["computed"] for key in ("reader", "last")] == [[], []]
        assert [other[key]["computed"] for key in ("reader", "last")] == [["reader"], ["reader", "last"]]
