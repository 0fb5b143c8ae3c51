#include "Measurement.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

void Latencies::record(std::chrono::nanoseconds took) {
    _microseconds.push_back(static_cast<float>(took.count()) / 1000);
}

double Latencies::percentile(double share) {
    if (_microseconds.empty()) return 0;
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(_microseconds.size() - 1));
    const auto at = _microseconds.begin() + rank;
    std::nth_element(_microseconds.begin(), at, _microseconds.end());
    return *at;
}

double cpuSeconds(const std::vector<int>& processes) {
    double seconds = 0;
    for (const int process : processes) {
        std::error_code gone;
        const auto tasks = "/proc/" + std::to_string(process) + "/task";
        for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
            // schedstat(5) counts nanoseconds, stat's utime and stime only hundredths of a second.
            std::ifstream file(task.path() / "schedstat");
            double nanoseconds = 0;
            file >> nanoseconds;
            seconds += nanoseconds / 1e9;
        }
    }
    return seconds;
}

} // namespace bench
