// SPDX-License-Identifier: Apache-2.0
// Runs the bench under Verilator and lets cocotb look at it now and then.
//
// cocotb's own main program offers every time step to Python several times over, which for small designs takes longer
// than the design itself. This one makes the clock and calls cocotb every few thousand cycles and when the bench is done.

#include <memory>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_vpi.h"

extern "C" void vlog_startup_routines_bootstrap(void);

namespace {

constexpr int CYCLES_BETWEEN_CALLS = 4096;

void call_cocotb() {
    VerilatedVpi::callCbs(cbNextSimTime);
    VerilatedVpi::callTimedCbs();
    while (VerilatedVpi::callValueCbs()) {
    }
    VerilatedVpi::callCbs(cbReadWriteSynch);
    VerilatedVpi::doInertialPuts();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

}  // namespace

int main(int argc, char** argv) {
    auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    context->fatalOnVpiError(false);
    context->traceEverOn(true);
    auto top = std::make_unique<Vtop>(context.get(), "");
    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    top->aclk = 0;
    top->eval();
    call_cocotb();
    for (int cycles = 1; !context->gotFinish(); cycles = CYCLES_BETWEEN_CALLS) {
        for (int cycle = 0; cycle < cycles && !context->gotFinish(); ++cycle) {
            context->timeInc(1);
            top->aclk = 1;
            top->eval();
            context->timeInc(1);
            top->aclk = 0;
            top->eval();
            if (top->done) break;
        }
        call_cocotb();
    }
    top->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
    return context->errorCount() > 0;
}
