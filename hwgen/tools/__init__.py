# SPDX-License-Identifier: Apache-2.0
"""The programs hwgen calls: where they are, how they are repaired, how they are run and how they end."""
