// SPDX-License-Identifier: Apache-2.0
// Writes the beats of one frame of an inner stream to `log`: "tap <INDEX> <cycle> <payload>".
//
// Frames are counted from the reset before phase `wanted_phase` of the bench.

module stream_tap #(
    parameter INDEX = 0,
    parameter WIDTH = 8,
    parameter BEATS = 1
) (
    input wire             clk,
    input wire             run,
    input wire [31:0]      phase,
    input wire [31:0]      cycle,
    input wire [31:0]      wanted_phase,
    input wire [31:0]      wanted_frame,
    input wire [31:0]      log,
    input wire             valid,
    input wire [WIDTH-1:0] payload
);
    reg [31:0] beat, frame;

    always @(posedge clk)
        if (!run) begin
            beat <= 0;
            frame <= 0;
        end else if (valid) begin
            beat <= beat == BEATS - 1 ? 0 : beat + 1;
            frame <= beat == BEATS - 1 ? frame + 1 : frame;
            if (phase == wanted_phase && frame == wanted_frame)
                $fwrite(log, "tap %0d %0d %h\n", INDEX, cycle, payload);
        end
endmodule
