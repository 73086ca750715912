// SPDX-License-Identifier: Apache-2.0
// hwgen_dot for 7 series: one DSP48E1 a term, its three registers in use; sums go from block to block over their own wires.
// Same module, ports, parameters and timing as the generic file, which it replaces in synthesis. Operands of up to 25
// and 18 bits, sums of up to 48.

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
    wire [48*(TERMS+1)-1:0] cascade;
    wire [48*TERMS-1:0]     sums;

    assign cascade[47:0] = 48'd0;
    assign y = sums[48*(TERMS-1) +: Y_WIDTH];

    genvar k;
    generate
        for (k = 0; k < TERMS; k = k + 1) begin : term
            wire signed [29:0] a_wide = $signed(a[A_WIDTH*k +: A_WIDTH]);
            wire signed [17:0] b_wide = $signed(b[B_WIDTH*k +: B_WIDTH]);

            DSP48E1 #(
                .ACASCREG(1), .AREG(1), .BCASCREG(1), .BREG(1), .MREG(1), .PREG(1),
                .ADREG(0), .CREG(0), .DREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0),
                .INMODEREG(0), .OPMODEREG(0), .USE_MULT("MULTIPLY"), .USE_DPORT("FALSE")
            ) dsp (
                .CLK(clk),
                .A(a_wide), .B(b_wide), .C(k == 0 ? 48'd0 + START : 48'd0), .D(25'd0),
                .PCIN(cascade[48*k +: 48]), .P(sums[48*k +: 48]), .PCOUT(cascade[48*(k+1) +: 48]),
                // Product plus C at the head of the chain, product plus PCIN behind it.
                .OPMODE(k == 0 ? 7'b0110101 : 7'b0010101),
                .ALUMODE(4'd0), .INMODE(5'd0), .CARRYIN(1'b0), .CARRYINSEL(3'd0),
                .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b0), .CEB2(1'b1), .CEM(1'b1), .CEP(1'b1),
                .CEAD(1'b0), .CEALUMODE(1'b0), .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0), .CEINMODE(1'b0),
                .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0),
                .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0),
                .ACIN(30'd0), .BCIN(18'd0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0)
            );
        end
    endgenerate
endmodule
