// SPDX-License-Identifier: Apache-2.0
// A memory of DEPTH words of WIDTH bits with one synchronous read port and, if WRITABLE is 1, one write port.
//
// Read latency: 1 cycle, or 2 with OUTPUT_REGISTER = 1. The port reads in every cycle; there is no enable.
// INIT: name of a $readmemh file, relative to the folder every tool runs from; "" leaves the contents undefined.
// STYLE: "auto", "block", "distributed" or "logic". A memory that is never written has no distributed form in most
// devices and becomes a table in LUTs instead.
// Do not read a word in the cycle that writes it: what comes out then depends on the device.

module hwgen_memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 256,
    parameter ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1,
    parameter INIT = "",
    parameter STYLE = "auto",
    parameter OUTPUT_REGISTER = 0,
    parameter WRITABLE = 0
) (
    input  wire                     clk,
    input  wire [ADDRESS_WIDTH-1:0] read_address,
    output wire [WIDTH-1:0]         read_data,
    /* verilator lint_off UNUSEDSIGNAL */
    input  wire                     write_enable,
    input  wire [ADDRESS_WIDTH-1:0] write_address,
    input  wire [WIDTH-1:0]         write_data
    /* verilator lint_on UNUSEDSIGNAL */
);
    /* verilator lint_off WIDTHEXPAND */
    /* verilator lint_off UNUSEDPARAM */
    localparam RAM_STYLE = (STYLE == "distributed" && WRITABLE == 0) ? "logic" : STYLE;
    /* verilator lint_on UNUSEDPARAM */
    /* verilator lint_on WIDTHEXPAND */

    (* ram_style = RAM_STYLE, no_rw_check *) reg [WIDTH-1:0] words [0:DEPTH-1];
    reg [WIDTH-1:0] word;

    generate
        if (INIT != "") begin : initialized
            initial $readmemh(INIT, words);
        end

        if (WRITABLE != 0) begin : writable
            always @(posedge clk)
                if (write_enable)
                    words[write_address] <= write_data;
        end
    endgenerate

    always @(posedge clk)
        word <= words[read_address];

    generate
        if (OUTPUT_REGISTER != 0) begin : registered
            reg [WIDTH-1:0] word_q;

            always @(posedge clk)
                word_q <= word;

            assign read_data = word_q;
        end else begin : direct
            assign read_data = word;
        end
    endgenerate
endmodule
