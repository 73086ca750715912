// SPDX-License-Identifier: Apache-2.0
// hwgen_add_subtract for ECP5: the LUT in front of each carry inverts b, which Yosys would do in a LUT of its own.
// Same module, ports and parameters as the generic file, which it replaces in synthesis.

module hwgen_add_subtract #(
    parameter WIDTH = 8
) (
    input  wire             subtract,
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    output wire [WIDTH-1:0] y
);
    localparam SLICES = (WIDTH + 1) / 2;

    wire [2*SLICES-1:0] a_even = a;
    wire [2*SLICES-1:0] b_even = b;
    wire [2*SLICES-1:0] sum;
    wire [SLICES:0]     carry;

    assign carry[0] = subtract;
    assign y = sum[WIDTH-1:0];

    genvar k;
    generate
        for (k = 0; k < SLICES; k = k + 1) begin : slice
            CCU2C #(
                .INIT0(16'b1001011010101010),
                .INIT1(16'b1001011010101010),
                .INJECT1_0("NO"),
                .INJECT1_1("NO")
            ) ccu2c (
                .CIN(carry[k]),
                .A0(a_even[2*k]), .B0(b_even[2*k]), .C0(subtract), .D0(1'b1),
                .A1(a_even[2*k+1]), .B1(b_even[2*k+1]), .C1(subtract), .D1(1'b1),
                .S0(sum[2*k]), .S1(sum[2*k+1]),
                .COUT(carry[k+1])
            );
        end
    endgenerate
endmodule
