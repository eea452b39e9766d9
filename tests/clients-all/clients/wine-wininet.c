/* Windows' own library for FTP, as Wine has it: what Explorer and many programs on Windows call. */
#include <windows.h>
#include <wininet.h>
#include <stdio.h>
#include <string.h>

static HINTERNET server;

static BOOL is_connected(void)
{
    HINTERNET agent;
    if (server) return TRUE;
    agent = InternetOpenA("driver", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    server = InternetConnectA(agent, getenv("FTP_HOST"), (INTERNET_PORT)atoi(getenv("FTP_PORT")),
                           getenv("FTP_USER"), getenv("FTP_PASSWORD"), INTERNET_SERVICE_FTP,
                           INTERNET_FLAG_PASSIVE, 0);
    return server != NULL;
}

static BOOL list(const char *directory)
{
    WIN32_FIND_DATAA entry;
    HINTERNET search;
    if (!FtpSetCurrentDirectoryA(server, directory)) return FALSE;
    search = FtpFindFirstFileA(server, NULL, &entry, INTERNET_FLAG_RELOAD, 0);
    if (!search) return FALSE;
    do {
        printf("- %s\n", entry.cFileName);
    } while (InternetFindNextFileA(search, &entry));
    return InternetCloseHandle(search);
}

static BOOL run(const char *operation, const char *first, const char *second)
{
    char path[1024];
    if (!is_connected()) return FALSE;
    if (!strcmp(operation, "put")) {
        snprintf(path, sizeof path, "Z:%s", first);
        return FtpPutFileA(server, path, second, FTP_TRANSFER_TYPE_BINARY, 0);
    }
    if (!strcmp(operation, "get")) {
        snprintf(path, sizeof path, "Z:%s", second);
        return FtpGetFileA(server, first, path, FALSE, 0,
                           FTP_TRANSFER_TYPE_BINARY | INTERNET_FLAG_RELOAD, 0);
    }
    if (!strcmp(operation, "list")) return list(first);
    if (!strcmp(operation, "rename")) return FtpRenameFileA(server, first, second);
    return FtpDeleteFileA(server, first);
}

int main(void)
{
    char line[2048];
    while (fgets(line, sizeof line, stdin)) {
        char *operation = strtok(line, " \r\n"), *first = strtok(NULL, " \r\n");
        char *second = strtok(NULL, " \r\n"), text[512] = "";
        DWORD code = 0, size = sizeof text, kind;
        if (!operation) continue;
        if (*getenv("FTP_TLS")) {
            printf("= cannot\n");
        } else if (!strcmp(operation, "can")) {
            printf("= ok\n");
        } else if (run(operation, first, second)) {
            printf("= ok\n");
        } else {
            kind = GetLastError();
            InternetGetLastResponseInfoA(&code, text, &size);
            text[strcspn(text, "\r\n")] = 0;
            printf("= failed %lu %s\n", kind, text);
        }
        fflush(stdout);
    }
    return 0;
}
