// A program in C++11: the handle closes itself, and lambdas without a capture are callbacks.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <lvsarp.h>

namespace
{

struct Close {
    void operator()(lvsarp_host *h) const { lvsarp_close(h); }
};
using Host = std::unique_ptr<lvsarp_host, Close>;

Host open()
{
    lvsarp_host *h = nullptr;
    char message[256];
    if (lvsarp_open_message(nullptr, &h, message, sizeof message) != 0)
        throw std::runtime_error(message);
    return Host(h);
}

// A negative result as an exception, with the library's own words.
int checked(const Host &host, int rc)
{
    if (rc < 0)
        throw std::runtime_error(std::string(lvsarp_message(host.get())) + " " + lvsarp_hint(host.get()));
    return rc;
}

void expect(bool condition, const char *what)
{
    if (!condition)
        throw std::logic_error(what);
}

std::vector<std::string> bound(const Host &host)
{
    std::vector<std::string> found;
    checked(host, lvsarp_vip_each(
                      host.get(), "lo",
                      [](const lvsarp_address *address, void *arg) {
                          static_cast<std::vector<std::string> *>(arg)->push_back(address->local);
                          return 0;
                      },
                      &found));
    return found;
}

void run()
{
    const Host host = open();
    const std::vector<const char *> vips = { "192.0.2.10", "2001:db8::10" };
    std::string actions;
    const auto note_step = [](const lvsarp_step *step, void *arg) {
        *static_cast<std::string *>(arg) += std::string(step->act) + " " + step->thing + "\n";
        return 0;
    };
    expect(checked(host, lvsarp_plan(host.get(), vips.data(), vips.size(), nullptr, note_step, &actions)) == 0,
           "the plan is refused");
    expect(actions.find("bind 192.0.2.10/32 dev lo") != std::string::npos, actions.c_str());
    expect(bound(host).empty(), "a plan has bound something");

    lvsarp_apply_options options = LVSARP_APPLY_OPTIONS_INIT;
    std::strcpy(options.label, "lo:cpp");
    checked(host, lvsarp_apply(host.get(), vips.data(), vips.size(), &options));
    const int changed = checked(host, lvsarp_changed(host.get()));
    expect(changed >= 4, "too few changes");
    expect(bound(host) == std::vector<std::string>(vips.begin(), vips.end()), "other addresses are bound");
    checked(host, lvsarp_apply(host.get(), vips.data(), vips.size(), &options));
    expect(checked(host, lvsarp_changed(host.get())) == 0, "the second apply changed something");

    int errors = 0;
    const auto count_errors = [](const lvsarp_finding *finding, void *arg) {
        if (finding->severity <= LVSARP_SEVERITY_UNKNOWN) {
            std::fprintf(stderr, "%s: %s\n", finding->code, finding->message);
            ++*static_cast<int *>(arg);
        }
        return 0;
    };
    expect(checked(host, lvsarp_check(host.get(), vips.data(), vips.size(), count_errors, &errors)) == 0 && errors == 0,
           "not silent");

    lvsarp_decision decision = LVSARP_DECISION_INIT;
    std::vector<std::string> functions;
    const auto note_check = [](const lvsarp_note *note, void *arg) {
        if (note->kind == LVSARP_NOTE_CHECK)
            static_cast<std::vector<std::string> *>(arg)->push_back(note->function);
        return 0;
    };
    checked(host, lvsarp_would_reply(host.get(), vips[0], "192.0.2.1", "eth0", 0, &decision, note_check, &functions));
    expect(decision.replies == 0, decision.rule);
    expect(functions.size() > 1 && functions[0].find("net/ipv4/") == 0, "no checks of the kernel's");
    checked(host, lvsarp_would_announce(host.get(), "192.0.2.1", "eth0", vips[0], LVSARP_VERIFY, &decision, nullptr,
                                        nullptr));
    expect(std::string(decision.source) == "192.0.2.11", decision.rule);

    lvsarp_levels levels = LVSARP_LEVELS_INIT;
    checked(host, lvsarp_get(host.get(), "all", &levels));
    expect(levels.arp_ignore.effective >= 1 && levels.arp_announce.effective >= 2, "the levels are not set");
    lvsarp_bind_options bind = LVSARP_BIND_OPTIONS_INIT;
    lvsarp_meaning meaning = LVSARP_MEANING_INIT;
    expect(lvsarp_meaning_of(LVSARP_ARP_IGNORE, levels.arp_ignore.effective, "en", &meaning) == 0 &&
               meaning.hides_vip == 1,
           meaning.text);
    expect(bind.size == sizeof bind, "an _INIT without a size");

    // An empty vector's data() may be NULL.
    const std::vector<const char *> none;
    checked(host, lvsarp_vip_bind_many(host.get(), none.data(), none.size(), &bind, nullptr));

    checked(host, lvsarp_undo(host.get()));
    expect(checked(host, lvsarp_changed(host.get())) == changed, "undo did not take back as much as apply did");
    expect(bound(host).empty(), "undo left an address");

    try {
        checked(host, lvsarp_vip_unbind(host.get(), "192.0.2.10", "nowhere"));
        expect(false, "there is a device nowhere");
    } catch (const std::runtime_error &error) {
        expect(std::strstr(error.what(), "nowhere") != nullptr, error.what());
    }
    const Host moved = open();
    expect(moved != nullptr && moved != host, "two handles are one");
}

} // namespace

int main()
{
    try {
        run();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
