// SPDX-License-Identifier: Apache-2.0
// A chain of multipliers, each of which adds its product to the sum of its neighbour:
// y = START + a[0] * b[0] + a[1] * b[1] + ..., the lowest Y_WIDTH bits of it.
//
// a, b: TERMS signed operands each, the first in the low bits. Operands k enter k cycles after operands 0; y follows
// operands 0 after TERMS + 2 cycles. New ones in every cycle.
// Synthesis may replace this file by one of the same name that uses DSP blocks and the wires between them.

module hwgen_dot #(
    parameter TERMS = 4,
    parameter A_WIDTH = 8,
    parameter B_WIDTH = 8,
    parameter Y_WIDTH = 18,
    parameter [Y_WIDTH-1:0] START = 0
) (
    input  wire                     clk,
    input  wire [TERMS*A_WIDTH-1:0] a,
    input  wire [TERMS*B_WIDTH-1:0] b,
    output wire [Y_WIDTH-1:0]       y
);
    wire [Y_WIDTH*(TERMS+1)-1:0] sums;

    assign sums[Y_WIDTH-1:0] = START;
    assign y = sums[Y_WIDTH*TERMS +: Y_WIDTH];

    genvar k;
    generate
        for (k = 0; k < TERMS; k = k + 1) begin : term
            reg signed [A_WIDTH-1:0]         a_q;
            reg signed [B_WIDTH-1:0]         b_q;
            reg signed [A_WIDTH+B_WIDTH-1:0] product;
            reg        [Y_WIDTH-1:0]         sum;
            wire signed [Y_WIDTH-1:0]        fitted;

            if (Y_WIDTH > A_WIDTH + B_WIDTH) begin : extended
                assign fitted = {{Y_WIDTH-A_WIDTH-B_WIDTH{product[A_WIDTH+B_WIDTH-1]}}, product};
            end else begin : cut
                assign fitted = product[Y_WIDTH-1:0];
            end

            assign sums[Y_WIDTH*(k+1) +: Y_WIDTH] = sum;

            always @(posedge clk) begin
                a_q <= a[A_WIDTH*k +: A_WIDTH];
                b_q <= b[B_WIDTH*k +: B_WIDTH];
                product <= a_q * b_q;
                sum <= sums[Y_WIDTH*k +: Y_WIDTH] + fitted;
            end
        end
    endgenerate
endmodule
