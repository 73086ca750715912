// SPDX-License-Identifier: Apache-2.0
// The signed product y = a * b, two cycles later: one register on each operand, one on the product.
//
// A_WIDTH, B_WIDTH: bits of the two's complement operands, 1 to 18 each. A new pair enters in every cycle.
// Synthesis may replace this file by one of the same name that places all three registers inside a DSP block.

module hwgen_multiply #(
    parameter A_WIDTH = 8,
    parameter B_WIDTH = 8
) (
    input  wire                              clk,
    input  wire signed [A_WIDTH-1:0]         a,
    input  wire signed [B_WIDTH-1:0]         b,
    output reg  signed [A_WIDTH+B_WIDTH-1:0] y
);
    reg signed [A_WIDTH-1:0] a_q;
    reg signed [B_WIDTH-1:0] b_q;

    always @(posedge clk) begin
        a_q <= a;
        b_q <= b;
        y <= a_q * b_q;
    end
endmodule
