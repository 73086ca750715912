// SPDX-License-Identifier: Apache-2.0
// hwgen_multiply for ECP5: the two operand registers and the product register are those of one MULT18X18D.
// Same module, ports, parameters and timing as the generic file, which it replaces in synthesis.

module hwgen_multiply #(
    parameter A_WIDTH = 8,
    parameter B_WIDTH = 8
) (
    input  wire                              clk,
    input  wire signed [A_WIDTH-1:0]         a,
    input  wire signed [B_WIDTH-1:0]         b,
    output wire signed [A_WIDTH+B_WIDTH-1:0] y
);
    wire signed [17:0] a_wide = a;
    wire signed [17:0] b_wide = b;
    wire        [35:0] product;

    assign y = product[A_WIDTH+B_WIDTH-1:0];

    MULT18X18D #(
        .REG_INPUTA_CLK("CLK0"),
        .REG_INPUTB_CLK("CLK0"),
        .REG_PIPELINE_CLK("NONE"),
        .REG_OUTPUT_CLK("CLK0"),
        .SOURCEB_MODE("B_INPUT"),
        .GSR("DISABLED")
    ) dsp (
        .A0(a_wide[0]), .A1(a_wide[1]), .A2(a_wide[2]), .A3(a_wide[3]), .A4(a_wide[4]), .A5(a_wide[5]),
        .A6(a_wide[6]), .A7(a_wide[7]), .A8(a_wide[8]), .A9(a_wide[9]), .A10(a_wide[10]), .A11(a_wide[11]),
        .A12(a_wide[12]), .A13(a_wide[13]), .A14(a_wide[14]), .A15(a_wide[15]), .A16(a_wide[16]), .A17(a_wide[17]),
        .B0(b_wide[0]), .B1(b_wide[1]), .B2(b_wide[2]), .B3(b_wide[3]), .B4(b_wide[4]), .B5(b_wide[5]),
        .B6(b_wide[6]), .B7(b_wide[7]), .B8(b_wide[8]), .B9(b_wide[9]), .B10(b_wide[10]), .B11(b_wide[11]),
        .B12(b_wide[12]), .B13(b_wide[13]), .B14(b_wide[14]), .B15(b_wide[15]), .B16(b_wide[16]), .B17(b_wide[17]),
        .P0(product[0]), .P1(product[1]), .P2(product[2]), .P3(product[3]), .P4(product[4]), .P5(product[5]),
        .P6(product[6]), .P7(product[7]), .P8(product[8]), .P9(product[9]), .P10(product[10]), .P11(product[11]),
        .P12(product[12]), .P13(product[13]), .P14(product[14]), .P15(product[15]), .P16(product[16]), .P17(product[17]),
        .P18(product[18]), .P19(product[19]), .P20(product[20]), .P21(product[21]), .P22(product[22]), .P23(product[23]),
        .P24(product[24]), .P25(product[25]), .P26(product[26]), .P27(product[27]), .P28(product[28]), .P29(product[29]),
        .P30(product[30]), .P31(product[31]), .P32(product[32]), .P33(product[33]), .P34(product[34]), .P35(product[35]),
        .SIGNEDA(1'b1), .SIGNEDB(1'b1), .SOURCEA(1'b0), .SOURCEB(1'b0),
        .CLK0(clk), .CE0(1'b1), .RST0(1'b0)
    );
endmodule
