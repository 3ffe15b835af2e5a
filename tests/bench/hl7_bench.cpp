// Reading HL7, one thread. `parse` is the aim of the product page (400 MB/s); the doubling rows
// show that the cost is linear: MB/s must not fall as the input grows.

#include <benchmark/benchmark.h>

#include <string>

#include <fmt/format.h>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/hl7/binding.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/flat.hpp"
#include "labrelay/hl7/mllp_framer.hpp"
#include "labrelay/hl7/path.hpp"

namespace labrelay::hl7 {
namespace {

/// A result message as laboratories send them; all of it is synthetic.
std::string oru(int observations) {
    std::string text =
        "MSH|^~\\&|CYTOMETER^1.2.840.1^ISO|CENTRAL "
        "LAB|LABRELAY|TRIAL|20260301080000+0800||ORU^R01^ORU_R01|"
        "C000123|P|2.5.1||||||UNICODE UTF-8\r"
        "PID|1||SYN-0001^^^SITE-7&1.2.3&ISO^MR||SUBJECT^SYNTHETIC||19850102|F|||1 STREET^^CITY\r"
        "PV1|1|O|CLINIC^^^SITE-7\r"
        "ORC|RE|P1001|F2001||CM||||20260301075500+0800\r"
        "OBR|1|P1001|F2001|TBNK^Lymphocyte "
        "subsets^99LAB|||20260301073000+0800|||||||||||||||20260301080000+0800"
        "|||F\r";
    for (int i = 1; i <= observations; ++i) {
        text += fmt::format(
            "OBX|{}|NM|24467-3^CD3+CD4+ (T4 helper) cells [#/volume] in Blood^LN^CD4A^CD3+CD4+ Abs "
            "Cnt^99LAB|{}|"
            "{}.5|cells/uL^cells per microlitre^UCUM|500-1500|L|||F|||20260301073000+0800||TECH7\r",
            i, i, 400 + i);
    }
    text +=
        "SPM|1|S1001&LAB||WB^Whole "
        "blood^HL70487|||||||P^Patient^HL70369||||||20260301073000+0800\r";
    return text;
}

void count(benchmark::State& state, std::size_t bytes) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    state.SetItemsProcessed(state.iterations());
}

/// Parsing takes the text over, as from decode_message(); the copy that the loop needs is not
/// measured apart.
void parse(benchmark::State& state) {
    const std::string text = oru(static_cast<int>(state.range(0)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(Message::parse(text));
    }
    count(state, text.size());
}
BENCHMARK(parse)->Arg(10)->RangeMultiplier(2)->Range(20, 20 << 10);

void decode_and_parse(benchmark::State& state) {
    const std::string bytes = oru(10);
    for (auto _ : state) {
        Result<Decoded> decoded = decode_message(bytes, Charset::ascii);
        benchmark::DoNotOptimize(Message::parse(std::move(decoded->text)));
    }
    count(state, bytes.size());
}
BENCHMARK(decode_and_parse);

void decode_gb_18030(benchmark::State& state) {
    std::string bytes = oru(10);
    bytes.replace(bytes.find("UNICODE UTF-8"), 13, "GB 18030-2000");
    bytes.replace(bytes.find("SUBJECT"), 7, "\xd6\xd0\xce\xc4");
    for (auto _ : state) {
        benchmark::DoNotOptimize(decode_message(bytes, Charset::ascii));
    }
    count(state, bytes.size());
}
BENCHMARK(decode_gb_18030);

/// What a mapping does: every OBX bound, and six paths of each read.
void parse_bind_and_read(benchmark::State& state) {
    const std::string text = oru(static_cast<int>(state.range(0)));
    const Path paths[] = {
        *Path::compile("PID-3[4.1=SITE-7].1"),
        *Path::compile("SPM-2.1 | SAC-3.1"),
        *Path::compile("OBX-3.4"),
        *Path::compile("OBX-5"),
        *Path::compile("OBX-6.1"),
        *Path::compile("SPM-17.1 | OBR-7"),
    };
    for (auto _ : state) {
        const Message message = Message::parse(text).value();
        for (const ObservationBinding& binding : bind_observations(message)) {
            const ObservationScope scope(message, binding);
            for (const Path& path : paths) {
                benchmark::DoNotOptimize(path.value(scope));
            }
        }
    }
    count(state, text.size());
}
BENCHMARK(parse_bind_and_read)->Arg(10)->RangeMultiplier(2)->Range(1 << 10, 8 << 10);

void flatten_all(benchmark::State& state) {
    const std::string text = oru(10);
    const Message message = Message::parse(text).value();
    for (auto _ : state) {
        benchmark::DoNotOptimize(flatten(message));
    }
    count(state, text.size());
}
BENCHMARK(flatten_all);

void acknowledge(benchmark::State& state) {
    const Message message = Message::parse(oru(10)).value();
    AckContent content;
    content.ack_id = "A1";
    for (auto _ : state) {
        benchmark::DoNotOptimize(build_ack(message, Charset::utf_8, content));
    }
    count(state, 0);
}
BENCHMARK(acknowledge);

void frame(benchmark::State& state) {
    const std::string stream = mllp_wrap(oru(10));
    MllpFramer framer(1 << 20);
    for (auto _ : state) {
        framer.feed(stream);
        benchmark::DoNotOptimize(framer.next());
    }
    count(state, stream.size());
}
BENCHMARK(frame);

}  // namespace
}  // namespace labrelay::hl7
