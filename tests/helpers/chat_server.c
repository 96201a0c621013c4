/* A chat completions server for tests, on 127.0.0.1.
 * usage: chat_server FOLDER PLAN...
 * Writes its port to FOLDER/port, every request to FOLDER/requests, and answers request k as the k-th PLAN says, or
 * the last one: say:TEXT (a reply with this content, as it stands between JSON's quotes), raw:TEXT (a body), status:N,
 * hang (no answer), close (the same, at once), flood (a reply without an end), best:WORD (for A or B, whichever has
 * WORD). It ends after ten minutes, or when it is killed. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void save(const char *folder, const char *name, int flags, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    if (file < 0 || write(file, text, strlen(text)) < 0 || close(file) < 0) die(path);
}

/* Headers and as many bytes of body as they say. */
static void receive(int client, char *request, size_t size) {
    size_t length = 0, want = size - 1;
    while (length < want) {
        ssize_t got = read(client, request + length, want - length);
        if (got <= 0) break;
        request[length += (size_t)got] = '\0';
        const char *body = strstr(request, "\r\n\r\n"), *header = strstr(request, "Content-Length: ");
        if (!body || !header) continue;
        size_t whole = (size_t)(body + 4 - request) + strtoul(header + 16, NULL, 10);
        want = whole < size - 1 ? whole : size - 1;
    }
}

static void send_text(int client, const char *text) {
    if (write(client, text, strlen(text)) < 0) exit(0);
}

static void send_reply(int client, const char *status, const char *body) {
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
             strlen(body));
    send_text(client, head);
    send_text(client, body);
}

static void say(int client, const char *content) {
    char body[8192];
    snprintf(body, sizeof body, "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"%s\"}}]}", content);
    send_reply(client, "200 OK", body);
}

static void flood(int client) {
    char line[4096];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    send_text(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (;;) send_text(client, line);
}

static void best(int client, const char *request, const char *word) {
    const char *b = strstr(request, "Answer B ="), *a = strstr(request, "Answer A =");
    const char *in_a = a ? strstr(a, word) : NULL, *in_b = b ? strstr(b, word) : NULL;
    bool has_a = in_a && in_a < b;
    say(client, has_a == (in_b != NULL) ? "Both.\\nVerdict: tie" : has_a ? "First.\\nVerdict: A" : "Verdict: B");
}

static void answer(int client, const char *plan, const char *request) {
    char status[64], rest[64]; /* of a request that has come: the client leaves */
    if (strncmp(plan, "say:", 4) == 0) say(client, plan + 4);
    if (strncmp(plan, "raw:", 4) == 0) send_reply(client, "200 OK", plan + 4);
    if (strncmp(plan, "best:", 5) == 0) best(client, request, plan + 5);
    if (strcmp(plan, "flood") == 0) flood(client);
    if (strcmp(plan, "hang") == 0) receive(client, rest, sizeof rest);
    if (strncmp(plan, "status:", 7) == 0) {
        snprintf(status, sizeof status, "%.20s Error", plan + 7);
        send_reply(client, status, "{\"error\":{\"message\":\"as planned\"}}");
    }
}

static int listen_somewhere(const char *folder) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char port[32];
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&address, size) || listen(server, 64) ||
        getsockname(server, (struct sockaddr *)&address, &size))
        die("chat_server");
    snprintf(port, sizeof port, "%d\n", ntohs(address.sin_port));
    save(folder, "port", O_TRUNC, port);
    return server;
}

int main(int argc, char **argv) {
    static char request[1 << 20];
    if (argc < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    alarm(600);
    int server = listen_somewhere(argv[1]);
    for (int k = 2;; k += k + 1 < argc) {
        int client = accept(server, NULL, NULL);
        if (client < 0) die("accept");
        pid_t child = fork();
        if (child == 0) {
            alarm(600);
            receive(client, request, sizeof request);
            save(argv[1], "requests", O_APPEND, request);
            answer(client, argv[k], request);
            return 0;
        }
        close(client);
    }
}
