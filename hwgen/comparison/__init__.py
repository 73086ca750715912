# SPDX-License-Identifier: Apache-2.0
"""The distance between the golden model and other engines, and what explains it."""
