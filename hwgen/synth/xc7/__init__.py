# SPDX-License-Identifier: Apache-2.0
"""Verilog for the blocks of this family."""
