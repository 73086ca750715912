# SPDX-License-Identifier: Apache-2.0
"""The parts of hwgen.simulation.simulate: running the bench of a bundle, and finding out where a wrong value comes from."""
