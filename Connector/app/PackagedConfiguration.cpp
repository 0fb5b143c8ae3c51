#include "app/PackagedConfiguration.h"

#include "PackagedConfigurationText.h"
#include "base/FileText.h"

namespace connector {

bool isPackagedConfiguration(const std::string& file) {
    try {
        return textOf(file) == kPackagedConfiguration;
    } catch (const FileReadError&) {
        return false;
    }
}

} // namespace connector
