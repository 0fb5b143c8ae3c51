#include "Measurement.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

void Latencies::record(std::uint64_t nanoseconds) {
    ++_buckets[std::min<std::size_t>(nanoseconds / 1000, _buckets.size() - 1)];
    ++_count;
}

double Latencies::percentile(double share) const {
    auto left = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(_count)));
    for (std::size_t i = 0; i < _buckets.size() && left > 0; ++i) {
        if (_buckets[i] >= left) return static_cast<double>(i) + 0.5;
        left -= _buckets[i];
    }
    return 0;
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
