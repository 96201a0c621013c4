#include "eval/verdicts.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One record, read. */
struct verdict {
    bool valid;
    double y;
};

enum bco_code bco_verdicts_new(struct bco_verdicts **verdicts, enum bco_verdict_format format, const char *by,
                               struct bco_error *err) {
    *verdicts = NULL;
    struct bco_verdicts *v = bco_calloc(1, sizeof *v);
    if (!v) return bco_fail_memory(err);
    v->format = format;
    v->by = by ? bco_strndup(by, strlen(by)) : NULL;
    v->group_table = bco_table_new(sizeof(size_t));
    v->cluster_table = bco_table_new(sizeof(size_t));
    v->record_table = bco_table_new(1);
    v->judge_table = bco_table_new(1);
    if ((by && !v->by) || !v->group_table || !v->cluster_table || !v->record_table || !v->judge_table) {
        bco_verdicts_free(v);
        return bco_fail_memory(err);
    }
    *verdicts = v;
    return BCO_OK;
}

void bco_verdicts_free(struct bco_verdicts *v) {
    if (!v) return;
    for (size_t i = 0; i < v->group_count; i++) free(v->groups[i].name);
    free(v->groups);
    free(v->clusters);
    free(v->by);
    bco_table_free(v->group_table);
    bco_table_free(v->cluster_table);
    bco_table_free(v->record_table);
    bco_table_free(v->judge_table);
    free(v);
}

/* ---- reading one record ------------------------------------------------- */

static bool text_is(const char *text, size_t length, const char *word) {
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static enum bco_code read_winner(const struct bco_record *record, struct verdict *verdict, struct bco_error *err) {
    const char *text;
    size_t length;
    enum bco_kind kind = bco_record_kind(record, "winner");
    if (kind == BCO_NULL) return BCO_OK;
    if (kind == BCO_MISSING) return bco_record_fail(record, "winner", err, "missing, expected a, b, tie or null");
    if (!bco_record_text(record, "winner", &text, &length))
        return bco_record_fail(record, "winner", err, "not a text, expected a, b, tie or null");
    verdict->valid = true;
    if (text_is(text, length, "a"))
        verdict->y = 1;
    else if (text_is(text, length, "b"))
        verdict->y = 0;
    else if (text_is(text, length, "tie"))
        verdict->y = 0.5;
    else
        return bco_record_fail(record, "winner", err, "unknown winner, got '%.60s', expected a, b, tie or null", text);
    return BCO_OK;
}

/* A number, or a CSV column's text that is one; *value NaN where there is none. */
static bool read_preference(const struct bco_record *record, double *value) {
    const char *text;
    size_t length;
    *value = NAN;
    if (bco_record_kind(record, "preference") == BCO_NULL) return true;
    if (bco_record_number(record, "preference", value)) return true;
    if (!bco_record_text(record, "preference", &text, &length)) return false;
    if (length == 0 || text_is(text, length, "null") || text_is(text, length, "nan") || text_is(text, length, "NaN"))
        return true;
    struct bco_record *number = NULL; /* JSON's own grammar, whatever the locale */
    char json[80];
    if (length > 60) return false;
    snprintf(json, sizeof json, "{\"x\":%.*s}", (int)length, text);
    bool is_number =
        bco_record_parse(&number, json, strlen(json), NULL) == BCO_OK && bco_record_number(number, "x", value);
    bco_record_free(number);
    return is_number;
}

static enum bco_code read_annotation(const struct bco_record *record, struct verdict *verdict, struct bco_error *err) {
    double preference;
    if (bco_record_kind(record, "preference") == BCO_MISSING)
        return bco_record_fail(record, "preference", err, "missing, expected a number from 1 to 2, 0 or null");
    if (!read_preference(record, &preference))
        return bco_record_fail(record, "preference", err, "not a number, expected 1 to 2, 0 or null");
    if (isnan(preference)) return BCO_OK;
    if (preference == 0) preference = 1.5;
    if (preference < 1 || preference > 2)
        return bco_record_fail(record, "preference", err, "got %g, expected 1 to 2, 0 or null", preference);
    verdict->valid = true;
    verdict->y = preference - 1;
    return BCO_OK;
}

static enum bco_code settle_format(struct bco_verdicts *v, const struct bco_record *record, struct bco_error *err) {
    if (v->format != BCO_VERDICTS_AUTO) return BCO_OK;
    if (bco_record_kind(record, "winner") != BCO_MISSING)
        v->format = BCO_VERDICTS;
    else if (bco_record_kind(record, "preference") != BCO_MISSING)
        v->format = BCO_VERDICTS_ALPACA;
    else
        return bco_record_fail(record, NULL, err,
                               "neither field 'winner' (a verdict) nor 'preference' (an AlpacaEval annotation)");
    return BCO_OK;
}

/* ---- adding it ------------------------------------------------------------ */

/* The fingerprint of a field's value; NULL: of the whole record. */
static enum bco_code hash_field(const struct bco_record *record, const char *field, struct bco_hash *hash,
                                struct bco_error *err) {
    size_t length;
    char *json = field ? bco_record_canonical(record, field, &length) : bco_record_json(record, NULL, &length);
    if (!json) return bco_fail_memory(err);
    *hash = bco_hash_bytes(json, length, 0);
    free(json);
    return BCO_OK;
}

/* The fingerprint of the record's prompt. */
static enum bco_code hash_prompt(const struct bco_verdicts *v, const struct bco_record *record, struct bco_hash *hash,
                                 struct bco_error *err) {
    static const char *const names[] = {"instruction", "index", "row"};
    if (v->format == BCO_VERDICTS) {
        if (bco_record_kind(record, "prompt") == BCO_MISSING)
            return bco_record_fail(record, "prompt", err, "missing, but verdicts are grouped by it");
        return hash_field(record, "prompt", hash, err);
    }
    for (size_t i = 0; i < 3; i++)
        if (bco_record_kind(record, names[i]) != BCO_MISSING) return hash_field(record, names[i], hash, err);
    *hash = bco_hash_bytes(&v->records, sizeof v->records, 1);
    return BCO_OK;
}

static enum bco_code find_group(struct bco_verdicts *v, const struct bco_record *record, size_t *group,
                                struct bco_error *err) {
    bool fresh;
    size_t length;
    if (v->by && bco_record_kind(record, v->by) == BCO_MISSING)
        return bco_record_fail(record, v->by, err, "missing, but verdicts are to be grouped by it");
    char *name = v->by ? bco_record_json(record, v->by, &length) : bco_strndup("null", 4);
    if (!name || !bco_grow((void **)&v->groups, &v->group_capacity, v->group_count + 1, sizeof *v->groups)) goto memory;
    size_t *found = bco_table_put(v->group_table, bco_hash_bytes(name, strlen(name), 0), &fresh);
    if (!found) goto memory;
    if (fresh) *found = v->group_count;
    *group = *found;
    if (fresh)
        v->groups[v->group_count++] = (struct bco_group){.name = name};
    else
        free(name);
    return BCO_OK;
memory:
    free(name);
    return bco_fail_memory(err);
}

static enum bco_code find_cluster(struct bco_verdicts *v, size_t group, struct bco_hash prompt, size_t *cluster,
                                  struct bco_error *err) {
    bool fresh;
    struct bco_hash key = {prompt.low ^ (group * 0x9E3779B97F4A7C15u), prompt.high};
    if (!bco_grow((void **)&v->clusters, &v->cluster_capacity, v->cluster_count + 1, sizeof *v->clusters))
        return bco_fail_memory(err);
    size_t *found = bco_table_put(v->cluster_table, key, &fresh);
    if (!found) return bco_fail_memory(err);
    if (fresh) *found = v->cluster_count;
    *cluster = *found;
    if (fresh) v->clusters[v->cluster_count++] = (struct bco_cluster){.group = group};
    return BCO_OK;
}

/* Notes whether the record was there before, and its judge. */
static enum bco_code note_record(struct bco_verdicts *v, const struct bco_record *record, struct bco_error *err) {
    struct bco_hash whole, judge = {0, 0};
    bool fresh;
    enum bco_code code = hash_field(record, NULL, &whole, err);
    if (!code && bco_record_kind(record, "judge") != BCO_MISSING) code = hash_field(record, "judge", &judge, err);
    if (code) return code;
    if (!bco_table_put(v->record_table, whole, &fresh) || !bco_table_put(v->judge_table, judge, NULL))
        return bco_fail_memory(err);
    v->repeated += !fresh;
    v->records++;
    return BCO_OK;
}

static void count(struct bco_group *group, struct bco_cluster *cluster, double y) {
    group->wins += y > 0.5;
    group->ties += y == 0.5;
    group->losses += y < 0.5;
    group->n++;
    group->sum += y;
    double before = y - group->mean;
    group->mean += before / (double)group->n;
    group->square += before * (y - group->mean);
    cluster->sum += y;
    cluster->n++;
}

enum bco_code bco_verdicts_add(struct bco_verdicts *v, const struct bco_record *record, struct bco_error *err) {
    struct verdict verdict = {0};
    struct bco_hash prompt = {0};
    size_t group = 0, cluster = 0;
    enum bco_code code = settle_format(v, record, err);
    if (!code)
        code = v->format == BCO_VERDICTS ? read_winner(record, &verdict, err) : read_annotation(record, &verdict, err);
    if (!code) code = hash_prompt(v, record, &prompt, err);
    if (!code) code = find_group(v, record, &group, err);
    if (!code && verdict.valid) code = find_cluster(v, group, prompt, &cluster, err);
    if (!code) code = note_record(v, record, err);
    if (code) return code;
    if (verdict.valid)
        count(&v->groups[group], &v->clusters[cluster], verdict.y);
    else
        v->groups[group].invalid++;
    return BCO_OK;
}

/* ---- looking ---------------------------------------------------------------- */

size_t bco_verdicts_groups(const struct bco_verdicts *v) {
    return v->group_count;
}

const char *bco_verdicts_group(const struct bco_verdicts *v, size_t group) {
    return v->groups[group].name;
}

uint64_t bco_verdicts_repeated(const struct bco_verdicts *v) {
    return v->repeated;
}

size_t bco_verdicts_judges(const struct bco_verdicts *v) {
    return bco_table_count(v->judge_table);
}
