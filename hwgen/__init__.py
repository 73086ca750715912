# SPDX-License-Identifier: Apache-2.0
"""hwgen: quantized ONNX in, verified Verilog out."""

__version__ = "0.1.0"
