# SPDX-License-Identifier: Apache-2.0
"""Mapping onto ECP5 blocks that Yosys does not do by itself."""
