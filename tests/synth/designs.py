# SPDX-License-Identifier: Apache-2.0
"""Small Verilog designs around the primitives of hwgen, written into a folder with the memory files they read."""

from __future__ import annotations

from pathlib import Path

PRIMITIVES = sorted((Path(__file__).parents[2] / "hwgen" / "hdl" / "verilog").glob("*.v"))

_BLOCKS = """
module blocks (input clk, input rst, input [9:0] address, input we, input signed [7:0] a, input signed [7:0] b,
               output [63:0] y);
    wire [7:0] unused;
    hwgen_memory #(.WIDTH(8), .DEPTH(1024), .ADDRESS_WIDTH(10), .INIT("mem/rom.mem"), .STYLE("block"))
        rom (.clk(clk), .read_address(address), .read_data(y[7:0]), .write_enable(1'b0), .write_address(10'b0),
             .write_data(8'b0));
    hwgen_memory #(.WIDTH(8), .DEPTH(1024), .ADDRESS_WIDTH(10), .STYLE("block"), .OUTPUT_REGISTER(1), .WRITABLE(1))
        ram (.clk(clk), .read_address(address), .read_data(y[15:8]), .write_enable(we), .write_address({a, 2'b0}),
             .write_data(b));
    hwgen_memory #(.WIDTH(8), .DEPTH(32), .ADDRESS_WIDTH(5), .STYLE("distributed"), .WRITABLE(1))
        small (.clk(clk), .read_address(address[4:0]), .read_data(y[23:16]), .write_enable(we),
               .write_address(a[4:0]), .write_data(b));
    hwgen_memory #(.WIDTH(8), .DEPTH(32), .ADDRESS_WIDTH(5), .INIT("mem/table.mem"), .STYLE("distributed"))
        table_ (.clk(clk), .read_address(address[9:5]), .read_data(y[31:24]), .write_enable(1'b0),
                .write_address(5'b0), .write_data(8'b0));
    hwgen_multiply #(.A_WIDTH(8), .B_WIDTH(8)) product (.clk(clk), .a(a), .b(b), .y(y[47:32]));
    hwgen_queue_ram #(.WIDTH(4), .DEPTH(8), .ADDRESS_WIDTH(3))
        queue (.clk(clk), .write_enable(we), .write_address(a[2:0]), .write_data(b[3:0]), .read_address(address[2:0]),
               .read_data(y[51:48]));
    reg [7:0] count;
    always @(posedge clk)
        if (rst) count <= 0;
        else count <= count + a;
    assign y[63:52] = {count, 4'b0};
endmodule
"""


def write_blocks(folder: Path) -> list[Path]:
    """One of every primitive, and a counter between them; the top module is `blocks`."""
    (folder / "mem").mkdir()
    for name, depth in (("rom", 1024), ("table", 32)):
        words = (f"{(37 * k * k + 11) % 256:02x}" for k in range(depth))
        (folder / "mem" / f"{name}.mem").write_text("\n".join(words) + "\n")
    (folder / "blocks.v").write_text(_BLOCKS)
    return [folder / "blocks.v", *PRIMITIVES]
