#include "eval/verdicts.h"

#include "base/fail.h"
#include "base/mem.h"
#include "data/record.h"

#include <string.h>

enum bco_code bco_verdicts_new(struct bco_verdicts **verdicts, enum bco_verdict_format format, const char *by,
                               struct bco_error *err) {
    *verdicts = NULL;
    struct bco_verdicts *v = bco_calloc(1, sizeof *v);
    if (!v) return bco_fail_memory(err);
    v->format = format;
    v->strong_weight = 1;
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
    free(v->rows);
    free(v->clusters);
    free(v->judges);
    free(v->by);
    bco_table_free(v->group_table);
    bco_table_free(v->cluster_table);
    bco_table_free(v->record_table);
    bco_table_free(v->judge_table);
    free(v);
}

/* ---- adding a record ------------------------------------------------------- */

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

struct bco_hash bco_cluster_key(size_t group, struct bco_hash prompt) {
    return (struct bco_hash){prompt.low ^ (group * 0x9E3779B97F4A7C15u), prompt.high};
}

static enum bco_code find_cluster(struct bco_verdicts *v, size_t group, struct bco_hash prompt, size_t *cluster,
                                  struct bco_error *err) {
    bool fresh;
    if (!bco_grow((void **)&v->clusters, &v->cluster_capacity, v->cluster_count + 1, sizeof *v->clusters))
        return bco_fail_memory(err);
    size_t *found = bco_table_put(v->cluster_table, bco_cluster_key(group, prompt), &fresh);
    if (!found) return bco_fail_memory(err);
    if (fresh) *found = v->cluster_count;
    *cluster = *found;
    if (fresh)
        v->clusters[v->cluster_count++] =
            (struct bco_cluster){.prompt = prompt, .group = group, .place = v->groups[group].prompts++};
    return BCO_OK;
}

static enum bco_code note_judge(struct bco_verdicts *v, struct bco_hash judge, struct bco_error *err) {
    size_t count = bco_table_count(v->judge_table);
    bool fresh;
    if (!bco_grow((void **)&v->judges, &v->judge_capacity, count + 1, sizeof *v->judges) ||
        !bco_table_put(v->judge_table, judge, &fresh))
        return bco_fail_memory(err);
    if (fresh) v->judges[count] = judge;
    return BCO_OK;
}

/* Notes whether the record was there before, and its judge. */
static enum bco_code note_record(struct bco_verdicts *v, const struct bco_record *record, struct bco_error *err) {
    struct bco_hash whole, judge = {0, 0};
    bool fresh;
    enum bco_code code = hash_field(record, NULL, &whole, err);
    if (!code && bco_record_kind(record, "judge") != BCO_MISSING) code = hash_field(record, "judge", &judge, err);
    if (!code) code = note_judge(v, judge, err);
    if (code) return code;
    if (!bco_table_put(v->record_table, whole, &fresh)) return bco_fail_memory(err);
    v->repeated += !fresh;
    v->records++;
    return BCO_OK;
}

static void count(struct bco_verdicts *v, size_t group, size_t cluster, const struct bco_verdict *verdict) {
    struct bco_group *g = &v->groups[group];
    struct bco_cluster *c = &v->clusters[cluster];
    double weight = verdict->strong ? v->strong_weight : 1, y = verdict->y;
    size_t place = v->format == BCO_VERDICTS_ALPACA ? (size_t)(g->n + g->invalid) : c->place;
    v->rows[v->row_count++] = (struct bco_row){.group = group,
                                               .cluster = cluster,
                                               .place = place,
                                               .y = y,
                                               .weight = weight,
                                               .difference = verdict->difference};
    g->wins += y > 0.5;
    g->ties += y == 0.5;
    g->losses += y < 0.5;
    g->strong += verdict->strong;
    g->n++;
    g->sum += weight * y;
    g->weight += weight;
    c->sum += weight * y;
    c->weight += weight;
    c->n++;
}

enum bco_code bco_verdicts_add(struct bco_verdicts *v, const struct bco_record *record, struct bco_error *err) {
    struct bco_verdict verdict;
    struct bco_hash prompt = {0};
    size_t group = 0, cluster = 0;
    enum bco_code code = settle_format(v, record, err);
    if (!code) code = bco_verdict_read(v->format, v->lengths, record, &verdict, err);
    if (!code) code = hash_prompt(v, record, &prompt, err);
    if (!code && !bco_grow((void **)&v->rows, &v->row_capacity, v->row_count + 1, sizeof *v->rows))
        code = bco_fail_memory(err);
    if (!code) code = find_group(v, record, &group, err);
    if (!code) code = find_cluster(v, group, prompt, &cluster, err);
    if (!code) code = note_record(v, record, err);
    if (code) return code;
    if (verdict.valid)
        count(v, group, cluster, &verdict);
    else
        v->groups[group].invalid++;
    return BCO_OK;
}

void bco_verdicts_want_lengths(struct bco_verdicts *v) {
    v->lengths = true;
}

void bco_verdicts_weigh_strong(struct bco_verdicts *v, double weight) {
    v->strong_weight = weight;
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

bool bco_verdicts_same_judges(const struct bco_verdicts *v, const struct bco_verdicts *other) {
    size_t count = bco_verdicts_judges(v);
    for (size_t i = 0; i < count; i++)
        if (!bco_table_get(other->judge_table, v->judges[i])) return false;
    return count == bco_verdicts_judges(other);
}

bool bco_verdicts_find(const struct bco_verdicts *v, const char *name, size_t *group) {
    const size_t *found = bco_table_get(v->group_table, bco_hash_bytes(name, strlen(name), 0));
    if (found) *group = *found;
    return found != NULL;
}
