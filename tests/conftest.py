# SPDX-License-Identifier: Apache-2.0
"""Settings of the whole test suite."""

from __future__ import annotations

from hypothesis import settings

# Machines that run the tests are slow and shared, so no deadline; the same examples in every run.
settings.register_profile("hwgen", deadline=None, derandomize=True)
settings.load_profile("hwgen")
