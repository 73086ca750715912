// SPDX-License-Identifier: Apache-2.0
// Decides at random in which cycles a stream pauses. Every 64 cycles or so the share of pauses changes: never, now and
// then, half of the time, nearly always. Thus queues run full and empty. The sequence depends on `seed` and PORT only.

module random_stall #(
    parameter PORT = 0
) (
    input  wire        clk,
    input  wire        run,
    input  wire        enable,
    input  wire [31:0] seed,
    output wire        pause
);
    reg [31:0] state;
    reg [7:0] share;

    assign pause = enable && state[7:0] < share;

    function [31:0] xorshift(input [31:0] x);
        reg [31:0] y;
        begin
            y = x ^ (x << 13);
            y = y ^ (y >> 17);
            xorshift = y ^ (y << 5);
        end
    endfunction

    always @(posedge clk)
        if (!run) begin
            state <= (seed + 32'd77 * PORT) * 32'd2654435761 | 32'd1;
            share <= 8'd128;
        end else if (enable) begin
            state <= xorshift(state);
            if (state[31:26] == 6'd0)
                share <= state[25] ? (state[24] ? 8'd240 : 8'd128) : (state[24] ? 8'd40 : 8'd0);
        end
endmodule
