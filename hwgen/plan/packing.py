# SPDX-License-Identifier: Apache-2.0
"""Whether the stages of a graph can fit into a device within an interval: queues and lane converters left out.

Choosing a folding for each node so that no resource runs out is a multiple-choice knapsack. With a price on each
resource the choice falls apart node by node, and the prices that make the cheapest choice dearest bound what any
choice can do (Lagrangian relaxation; Everett, Operations Research 11(3), 1963). Prices of what runs out are raised
until a choice fits, or until the bound says that none can.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwgen.plan.flow import Flow
from hwgen.plan.plan import Goal
from hwgen.plan.prices import Prices
from hwgen.plan.supply import Supply
from hwgen.targets import Resources

ROUNDS = 48
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Packing:
    """The area of the best choice found, at the prices that led to it. possible: False where no choice can fit."""

    possible: bool
    fits: bool
    area: Resources
    prices: Prices


@dataclass(frozen=True, eq=False)
class Stages:
    """The foldings of each node (ports among them): cycles, shape (foldings,), and areas, shape (foldings, 4)."""

    supply: Supply
    goal: Goal
    cycles: tuple[np.ndarray, ...]
    areas: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, flow: Flow, supply: Supply, goal: Goal) -> Stages:
        offers = [supply.offers(node) for node in flow.nodes]
        cycles = tuple(np.array([offer.cycles for offer in of_node]) for of_node in offers)
        areas = tuple(np.array([offer.area.amounts for offer in of_node], dtype=float) for of_node in offers)
        return cls(supply, goal, cycles, areas)

    @cached_property
    def candidates(self) -> list[int]:
        """Every interval at which some node changes its cheapest folding, shortest first."""
        shortest = max(cycles.min() for cycles in self.cycles)
        every = np.unique(np.concatenate(self.cycles))
        return every[every >= shortest].tolist()

    @cached_property
    def limits(self) -> np.ndarray:
        """What the goal allows of each resource; infinite where the target knows no limits."""
        have, goal = self.supply.target.resources, self.goal
        if have is None:
            return np.full(4, np.inf)
        fractions = (goal.lut_fraction, goal.lut_fraction, goal.dsp_fraction, goal.bram_fraction)
        return np.array([float(part * limit) for part, limit in zip(fractions, have.amounts, strict=True)])

    def pack(self, interval: int) -> Packing:
        """The stages at the prices that fit them best into the target, each within `interval` cycles."""
        prices = np.array(Prices.of(self.supply.target).amounts)
        within = [areas[cycles <= interval] for cycles, areas in zip(self.cycles, self.areas, strict=True)]
        closest, best = np.inf, Packing(True, False, Resources(), Prices.of(self.supply.target))
        for _ in range(ROUNDS):
            picked = [areas[np.argmin(areas @ prices)] for areas in within]
            used = np.sum(picked, axis=0)
            parts = np.where(used > 0, used / np.maximum(self.limits, ROUNDING), 0.0)
            if parts.max() < closest:
                closest = parts.max()
                area = Resources(*(int(amount) for amount in used))
                fits = self.goal.holds(area, self.supply.target)
                best = Packing(True, fits, area, Prices(*prices.tolist()))
            if best.fits:
                break
            if used @ prices > (self.limits @ prices) * (1 + ROUNDING):
                return Packing(False, False, best.area, best.prices)
            prices = prices * np.clip(parts, 0.25, 4.0) ** 0.5
        return best

    def shortest_possible(self) -> int:
        """Index of the first candidate that is not known to be too short; their number where all are."""
        low, high = 0, len(self.candidates)
        while low < high:
            middle = (low + high) // 2
            if self.pack(self.candidates[middle]).possible:
                high = middle
            else:
                low = middle + 1
        return low
