// SPDX-License-Identifier: Apache-2.0
// hwgen_multiply for UltraScale+: the two operand registers and the product register are those of one DSP48E2.
// Same module, ports, parameters and timing as the generic file, which it replaces in synthesis. Yosys would leave registers
// outside of the block, and make narrow products of LUTs.

module hwgen_multiply #(
    parameter A_WIDTH = 8,
    parameter B_WIDTH = 8
) (
    input  wire                              clk,
    input  wire signed [A_WIDTH-1:0]         a,
    input  wire signed [B_WIDTH-1:0]         b,
    output wire signed [A_WIDTH+B_WIDTH-1:0] y
);
    wire signed [29:0] a_wide = a;
    wire signed [17:0] b_wide = b;
    wire        [47:0] product;

    assign y = product[A_WIDTH+B_WIDTH-1:0];

    DSP48E2 #(
        .ACASCREG(1), .AREG(1), .BCASCREG(1), .BREG(1), .MREG(0), .PREG(1),
        .ADREG(0), .CREG(0), .DREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0),
        .INMODEREG(0), .OPMODEREG(0), .USE_MULT("MULTIPLY"), .AMULTSEL("A"), .BMULTSEL("B")
    ) dsp (
        .CLK(clk),
        .A(a_wide), .B(b_wide), .C(48'd0), .D(27'd0), .PCIN(48'd0), .P(product),
        .OPMODE(9'b0000101), .ALUMODE(4'd0), .INMODE(5'd0), .CARRYIN(1'b0), .CARRYINSEL(3'd0),
        .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b0), .CEB2(1'b1), .CEM(1'b0), .CEP(1'b1),
        .CEAD(1'b0), .CEALUMODE(1'b0), .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0), .CEINMODE(1'b0),
        .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0),
        .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0),
        .ACIN(30'd0), .BCIN(18'd0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0)
    );
endmodule
