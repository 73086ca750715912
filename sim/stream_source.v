// SPDX-License-Identifier: Apache-2.0
// An AXI4-Stream source that plays frames from a file.
//
// While `run` is high it sends `frames` frames, cycling through the first `samples` of the file
// <vectors>/<NAME>.hex (one word a beat), back to back; with `stall` high it pauses at random. A beat once offered
// stays until it is taken. With `wrong_tlast` high the first beat of a frame carries tlast as well.

module stream_source #(
    parameter NAME = "s_axis",
    parameter PORT = 0,
    parameter WIDTH = 8,
    parameter BEATS = 1,
    parameter STORED = 16
) (
    input  wire             clk,
    input  wire             run,
    input  wire             stall,
    input  wire             wrong_tlast,
    input  wire [31:0]      frames,
    input  wire [31:0]      samples,
    input  wire [31:0]      seed,
    input  wire [31:0]      cycle,
    input  wire [31:0]      log,
    input  wire             record,
    output reg  [WIDTH-1:0] tdata,
    output reg              tvalid,
    output reg              tlast,
    input  wire             tready,
    output wire             moved,
    output reg  [31:0]      taken
);
    reg [WIDTH-1:0] words [0:STORED*BEATS-1];
    reg [8*512-1:0] folder;
    reg [8*600-1:0] path;
    integer stored;

    initial begin
        if (!$value$plusargs("vectors=%s", folder))
            folder = "vectors";
        $sformat(path, "%0s/%0s.hex", folder, NAME);
        if (!$value$plusargs("samples=%d", stored))
            stored = 1;
        $readmemh(path, words, 0, stored * BEATS - 1);
    end

    reg [31:0] word, beat, frame, offered_frame;
    reg first;
    wire pause;

    assign moved = tvalid & tready;

    random_stall #(.PORT(PORT)) stalls (.clk(clk), .run(run), .enable(stall), .seed(seed), .pause(pause));

    always @(posedge clk)
        if (!run) begin
            tvalid <= 1'b0;
            tlast <= 1'b0;
            first <= 1'b0;
            word <= 0;
            beat <= 0;
            frame <= 0;
            taken <= 0;
        end else begin
            if (moved)
                taken <= taken + 1;
            if (moved && first && record)
                $fwrite(log, "start %0d %0d %0d\n", PORT, offered_frame, cycle);
            if (tready || !tvalid) begin
                if (frame != frames && !pause) begin
                    tvalid <= 1'b1;
                    tdata <= words[word];
                    tlast <= beat == BEATS - 1 || (wrong_tlast && beat == 0);
                    first <= beat == 0;
                    offered_frame <= frame;
                    beat <= beat == BEATS - 1 ? 0 : beat + 1;
                    frame <= beat == BEATS - 1 ? frame + 1 : frame;
                    word <= word == samples * BEATS - 1 ? 0 : word + 1;
                end else begin
                    tvalid <= 1'b0;
                    tdata <= ~tdata;  // what is not valid must not matter
                    tlast <= ~tlast;
                end
            end
        end
endmodule
