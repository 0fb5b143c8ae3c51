#include "cli/top/TopCommand.h"

#include "cli/CommandError.h"
#include "cli/Terminal.h"
#include "cli/top/Columns.h"
#include "cli/top/CursesScreen.h"
#include "cli/top/OnceOutput.h"
#include "cli/top/Poller.h"
#include "cli/top/TopView.h"

#include <Poco/Util/Application.h>

#include <clocale>
#include <cstdlib>
#include <thread>

namespace connector {

namespace {

using Poco::Util::Application;

std::chrono::seconds intervalOf(const TopOptions& options) {
    return std::chrono::seconds(options.interval.value_or(kUsualTopInterval));
}

/// no-color.org: whatever it is set to, unless that is nothing.
bool isColorWanted() {
    const char* without = std::getenv("NO_COLOR");
    return without == nullptr || *without == '\0';
}

void check(const CommonOptions& common, const TopOptions& options) {
    if (options.once) return;
    if (common.asJson) throw CommandError(Application::EXIT_USAGE, "top: --json needs --once");
    if (!isInteractive())
        throw CommandError(Application::EXIT_USAGE,
                           "top needs a terminal, as standard input and output; --once prints a table "
                           "without one");
}

void printOnce(ConnectorApi& api, const TopOptions& options, MappingList& list, bool asJson,
               std::ostream& out) {
    const auto before = list.server().uptime;
    std::this_thread::sleep_for(intervalOf(options));
    list.take(takeSnapshot(api));
    if (asJson) return printTopJson(list, list.server().uptime - before, out);
    printTop(list, out);
}

void runLive(const CommonOptions& common, const TopOptions& options, TopView& view) {
    const HeldSignals signals;
    Poller poller(common.configurationFile(), intervalOf(options));
    CursesScreen screen(signals, isColorWanted());
    while (!screen.isToEnd()) {
        auto news = poller.take();
        if (news.snapshot) view.take(std::move(*news.snapshot));
        if (news.connections) view.take(std::move(*news.connections));
        if (!news.failure.empty()) view.takeFailure(news.failure);
        screen.show(view.frame(screen.size()));
        screen.wait(poller.descriptor());
        while (const auto key = screen.readKey())
            if (!view.handle(*key)) return;
        poller.wantConnectionsOf(view.detailed());
    }
}

} // namespace

void showTop(const CommonOptions& common, const TopOptions& options, std::ostream& out) {
    check(common, options);
    const auto column = columnNamed(options.sort.value_or(kUsualTopSort));
    std::setlocale(LC_CTYPE, ""); // which characters the terminal has
    ConnectorApi api(common.configurationFile());
    auto first = takeSnapshot(api);
    if (options.once) {
        MappingList list;
        list.sortBy(column, options.isReversed);
        list.filter(options.filter.value_or(""));
        list.take(std::move(first));
        return printOnce(api, options, list, common.asJson, out);
    }
    TopView view(api.url(), column, options.isReversed, options.filter.value_or(""));
    view.take(std::move(first));
    runLive(common, options, view);
}

} // namespace connector
