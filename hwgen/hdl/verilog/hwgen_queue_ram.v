// SPDX-License-Identifier: Apache-2.0
// A small RAM for queues: one write port, one read port that answers in the same cycle (distributed RAM, or
// registers where the device has none). DEPTH words of WIDTH bits, contents undefined at first.
// A word written in one cycle can be read in the next.

module hwgen_queue_ram #(
    parameter WIDTH = 8,
    parameter DEPTH = 16,
    parameter ADDRESS_WIDTH = (DEPTH > 1) ? $clog2(DEPTH) : 1
) (
    input  wire                     clk,
    input  wire                     write_enable,
    input  wire [ADDRESS_WIDTH-1:0] write_address,
    input  wire [WIDTH-1:0]         write_data,
    input  wire [ADDRESS_WIDTH-1:0] read_address,
    output wire [WIDTH-1:0]         read_data
);
    reg [WIDTH-1:0] words [0:DEPTH-1];

    always @(posedge clk)
        if (write_enable)
            words[write_address] <= write_data;

    assign read_data = words[read_address];
endmodule
