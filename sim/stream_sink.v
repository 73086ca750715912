// SPDX-License-Identifier: Apache-2.0
// An AXI4-Stream sink that compares what arrives with the frames of a file.
//
// While `run` is high it takes every beat and compares it with the word of <vectors>/<NAME>.hex that belongs to it,
// cycling through the first `samples` frames; with `stall` high it pauses at random. It reports to `log` the cycles
// of first and last beats (if `record`), the first wrong beat of a run, and each breach of the protocol once a run:
// a beat too many, a tlast in a wrong place, an offered beat that changes before it is taken.
// mismatches: wrong lanes so far; breaches: protocol errors so far, both over all runs.

module stream_sink #(
    parameter NAME = "m_axis",
    parameter PORT = 0,
    parameter WIDTH = 8,
    parameter LANES = 1,
    parameter BEATS = 1,
    parameter STORED = 16
) (
    input  wire             clk,
    input  wire             run,
    input  wire             stall,
    input  wire [31:0]      frames,
    input  wire [31:0]      samples,
    input  wire [31:0]      seed,
    input  wire [31:0]      cycle,
    input  wire [31:0]      log,
    input  wire             record,
    input  wire [WIDTH-1:0] tdata,
    input  wire             tvalid,
    input  wire             tlast,
    output wire             tready,
    output wire             moved,
    output wire             done,
    output reg  [31:0]      taken,
    output reg  [31:0]      mismatches,
    output reg  [31:0]      breaches
);
    localparam LANE_WIDTH = WIDTH / LANES;

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
        mismatches = 0;
        breaches = 0;
    end

    reg [31:0] word, beat, frame;
    reg ready, held, held_last, wrong, extra, unstable, misplaced;
    reg [WIDTH-1:0] held_data;
    wire pause;
    integer lane;
    reg [31:0] different;

    assign tready = ready & ~pause;
    wire accepted = tready & (tvalid === 1'b1);

    assign moved = accepted & ~done;
    assign done = frame == frames;

    random_stall #(.PORT(PORT)) stalls (.clk(clk), .run(run), .enable(stall), .seed(seed), .pause(pause));

    task breach(input [8*16-1:0] what);
        begin
            breaches <= breaches + 1;
            $fwrite(log, "breach %0d %0d %0d %0d %0s\n", PORT, frame, beat, cycle, what);
        end
    endtask

    always @(posedge clk)
        if (!run) begin
            ready <= 1'b0;
            held <= 1'b0;
            wrong <= 1'b0;
            extra <= 1'b0;
            unstable <= 1'b0;
            misplaced <= 1'b0;
            word <= 0;
            beat <= 0;
            frame <= 0;
            taken <= 0;
        end else begin
            ready <= 1'b1;
            held <= tvalid && !tready;
            held_data <= tdata;
            held_last <= tlast;
            if (ready && (tvalid === 1'bx || held && (!tvalid || tdata !== held_data || tlast !== held_last)) && !unstable) begin
                unstable <= 1'b1;
                breach("unstable");
            end
            if (accepted && done) begin
                extra <= 1'b1;
                if (!extra)
                    breach("extra");
            end else if (moved) begin
                taken <= taken + 1;
                beat <= beat == BEATS - 1 ? 0 : beat + 1;
                frame <= beat == BEATS - 1 ? frame + 1 : frame;
                word <= word == samples * BEATS - 1 ? 0 : word + 1;
                if (record && beat == 0)
                    $fwrite(log, "first %0d %0d %0d\n", PORT, frame, cycle);
                if (record && beat == BEATS - 1)
                    $fwrite(log, "last %0d %0d %0d\n", PORT, frame, cycle);
                if (tlast !== (beat == BEATS - 1) && !misplaced) begin
                    misplaced <= 1'b1;
                    breach("tlast");
                end
                if (tdata !== words[word]) begin
                    different = 0;
                    for (lane = 0; lane < LANES; lane = lane + 1)
                        if (tdata[lane*LANE_WIDTH +: LANE_WIDTH] !== words[word][lane*LANE_WIDTH +: LANE_WIDTH])
                            different = different + 1;
                    mismatches <= mismatches + different;
                    wrong <= 1'b1;
                    if (!wrong)
                        $fwrite(log, "wrong %0d %0d %0d %0d %h %h\n", PORT, frame, beat, cycle, tdata, words[word]);
                end
            end
        end
endmodule
