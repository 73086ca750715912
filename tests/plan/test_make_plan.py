# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from hwgen.errors import PlanDoesNotFit
from hwgen.pipeline import Source, compile_model
from hwgen.plan import fifos
from hwgen.plan.beats import Deadlock
from hwgen.plan.fifos import Draft, build_model
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Buffer, Goal, Plan
from hwgen.targets import Target
from tests.plan.networks import residual, two_convs, uneven_concat

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ECP5 = Target.named("ecp5-25k")


def planned(fps: int | None = None, target: Target = ECP5) -> Plan:
    return make_plan(two_convs(), target, Goal(None if fps is None else Fraction(fps)))


def test_a_plan_for_a_rate_keeps_it_and_is_smaller_than_the_fastest() -> None:
    slow, fast = planned(10_000), planned()
    assert slow.timing.initiation_interval <= 10_000 and fast.timing.initiation_interval < 2_000
    assert slow.area.luts < fast.area.luts and fast.fits


def test_the_interval_is_that_of_the_busiest_stage() -> None:
    for fps in (10_000, 50_000, None):
        plan = planned(fps)
        assert plan.timing.initiation_interval == plan.bottleneck.cycles.worst


def test_a_skip_that_is_too_short_deadlocks_and_the_planned_one_does_not() -> None:
    plan = make_plan(residual(), ECP5, Goal(Fraction(50_000)))
    ports = {p.name: p for p in plan.ports}
    build_model(Draft(plan.stage_by_name, ports, plan.links), limited=True).network.run(4)
    short = tuple(replace(k, queue=Buffer(2)) if (k.source, k.sink) == ("x", "y") else k for k in plan.links)
    with pytest.raises(Deadlock, match="waiting for ever"):
        build_model(Draft(plan.stage_by_name, ports, short), limited=True).network.run(4)


def test_operands_of_different_shapes_are_joined() -> None:
    for fps in (1_000, 50_000):
        plan = make_plan(uneven_concat(), ECP5, Goal(Fraction(fps)))
        assert {link.sink for link in plan.outputs_of("x")} == {"first_window", "y"}


def test_every_choice_says_why() -> None:
    assert all("per mille" in stage.why for stage in planned(50_000).stages)


def test_a_rate_beyond_the_device_is_refused_with_what_it_would_take() -> None:
    with pytest.raises(PlanDoesNotFit, match="frames a second"):
        planned(100_000_000)


def test_a_device_that_is_too_small_is_refused_by_its_scarcest_resource() -> None:
    with pytest.raises(PlanDoesNotFit, match=r"do not fit|cannot be reached"):
        planned(2_000_000, Target.named("ice40-up5k"))


def test_the_same_graph_gives_the_same_plan() -> None:
    assert planned(50_000).links == planned(50_000).links


def product_kinds(plan: Plan) -> set[str]:
    """How the plan multiplies: the multipliers of its arrays, or the form that has none."""
    foldings = [stage.folding for stage in plan.stages if stage.node.op.name == "MatMul"]
    return {getattr(folding, "multiplier", folding.form) for folding in foldings}


def test_products_in_luts_come_in_only_where_multipliers_do_not_reach_the_goal() -> None:
    fastest = planned()
    assert product_kinds(fastest) == {"dsp"}
    beyond = planned(int(1.5 * ECP5.clock_mhz * 1_000_000 / fastest.timing.initiation_interval))
    assert product_kinds(beyond) & {"fabric", "constant"}
    assert beyond.timing.initiation_interval < fastest.timing.initiation_interval


def digits_plan() -> Plan:
    graph = compile_model(Source(EXAMPLES / "digits_cnn.onnx")).graph
    return make_plan(graph, Target.named("ecp5-85k"), Goal())


def test_a_network_with_lane_converters_keeps_the_interval_of_its_busiest_stage() -> None:
    plan = digits_plan()
    assert plan.timing.initiation_interval == plan.bottleneck.cycles.worst


def test_two_schedules_give_shorter_queues_than_one_and_lose_no_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = digits_plan()
    monkeypatch.setattr(fifos, "_joined", lambda latest, prompt: latest)
    latest = digits_plan()
    assert sum(k.queue_bits for k in joined.links) < sum(k.queue_bits for k in latest.links)
    assert joined.timing.initiation_interval == latest.timing.initiation_interval
    assert joined.timing.latency <= latest.timing.latency
