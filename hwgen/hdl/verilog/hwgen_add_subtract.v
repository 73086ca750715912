// SPDX-License-Identifier: Apache-2.0
// y = subtract ? a - b : a + b, without a register.
//
// Written with one carry chain, into which the borrow comes through a lowest bit of its own. Synthesis may replace this
// file by one of the same name that also inverts b inside the carry chain.

module hwgen_add_subtract #(
    parameter WIDTH = 8
) (
    input  wire             subtract,
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    output wire [WIDTH-1:0] y
);
    /* verilator lint_off UNUSEDSIGNAL */
    wire [WIDTH:0] sum = {a, 1'b1} + {b ^ {WIDTH{subtract}}, subtract};
    /* verilator lint_on UNUSEDSIGNAL */

    assign y = sum[WIDTH:1];
endmodule
