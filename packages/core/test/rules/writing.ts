import type { Rule } from './rule.ts'

/** Rules W1–W20 and W27–W28: the writes that may share a commit, and what each commit is based on. */
export const writing: readonly Rule[] = [
  {
    name: 'one-write-per-key',
    statement: 'Each instance has at most one commit in flight per document',
    consequence: 'two writes of one instance travel at once, the newer commits first, and the older overwrites it',
    edits: [
      {
        file: 'collection/write-queue.ts',
        find: 'await this.#commitGroup(key, queue.splice',
        replace: 'void this.#commitGroup(key, queue.splice',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > commits a slow write before a later one',
    },
  },
  {
    name: 'alike-combine',
    statement:
      'Waiting writes combine into the next commit only with writes of the same kind: `assign` with `assign`, recipes with recipes',
    consequence: 'a write that was combined with another kind is acknowledged, although its content is missing',
    edits: [
      {
        file: 'collection/pending-write.ts',
        find: 'next.operation.kind === first.operation.kind &&\n      isCombinable(next, hasStrategy)',
        replace: 'isCombinable(next, hasStrategy)',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > combines waiting writes only with writes of the same kind',
    },
  },
  {
    name: 'condition-goes-alone',
    statement: 'A write with `ifVersion` or `ifMatch` is never combined',
    consequence: 'its precondition is dropped, or applies to writes that have none',
    edits: [
      {
        file: 'collection/pending-write.ts',
        find: 'if (options.idempotencyKey !== undefined || precondition) return false',
        replace: 'if (options.idempotencyKey !== undefined) return false',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > checks ifVersion after the writes that were queued before it',
    },
  },
  {
    name: 'given-id-goes-alone',
    statement: "A write with a caller's idempotency key is never combined",
    consequence: "the store never records the key, and the caller's repeat writes twice",
    edits: [
      {
        file: 'collection/pending-write.ts',
        find: 'if (options.idempotencyKey !== undefined || precondition) return false',
        replace: 'if (precondition) return false',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > keeps the idempotency key of a write that waits behind others',
    },
  },
  {
    name: 'meta-goes-alone',
    statement: 'Writes with different `meta` are never combined',
    consequence: 'a change names an actor that did not write it',
    edits: [
      {
        file: 'collection/pending-write.ts',
        find: '&&\n      sameMeta(first.options.meta, next.options.meta)',
        replace: '',
      },
    ],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'assign({ meta }) > sends meta with the change and does not combine writes with different meta',
    },
  },
  {
    name: 'failing-recipe-alone',
    statement: 'A combined recipe that throws is left out, and the other recipes continue',
    consequence: "one caller's error rejects another caller's write",
    edits: [
      { file: 'collection/build-commit.ts', find: 'if (operations.length === 1) throw error', replace: 'throw error' },
    ],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'update() > combines waiting writes and rejects only the recipe that throws',
    },
  },
  {
    name: 'sent-is-not-recombined',
    statement: 'A write that was sent is sent again unchanged, under the same operation id',
    consequence: 'the store answers the repeat with the first result, and writes added later are acknowledged but lost',
    edits: [
      {
        file: 'collection/write-queue.ts',
        find: 'if (pendingWrites.some((pendingWrite) => !this.#pending.has(pendingWrite)))\n        pendingWrites = pendingWrites.filter((pendingWrite) => this.#pending.has(pendingWrite))',
        replace:
          'pendingWrites = [...pendingWrites, ...(this.#queues.get(key) ?? []).splice(0)].filter((pendingWrite) => this.#pending.has(pendingWrite))',
      },
      {
        file: 'collection/commit-loop.ts',
        find: 'await retryingStore.backOff(failures++)',
        replace:
          'await retryingStore.backOff(failures++)\nrequest = this.#toRequest(await this.#buildContent(request.op.attempt), request.op, this.#liveWrites()[0])',
      },
    ],
    provenBy: {
      file: 'collection/order.test.ts',
      name: 'writes to one document > does not add later writes to a commit that is resent',
    },
  },
  {
    name: 'own-change-through-the-buffer',
    statement:
      "An instance's own change reaches its replica through the same buffer as bus changes, before the promise resolves",
    consequence:
      'a load that was answered before the commit replaces the value, and the caller does not read its own write',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'this.#router.accept(decodeChange(encoded)',
        replace: 'if (!this.#replicas.find(encoded.key)?.pendingLoad) this.#router.accept(decodeChange(encoded)',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > returns an own write at once when a load is pending and the echo is lost',
    },
  },
  {
    name: 'update-is-never-blind',
    statement: '`update` commits only on the document version that its recipe read; on conflict the recipe runs again',
    consequence: 'two instances that increment one counter commit the same value, and one increment is lost',
    edits: [
      {
        file: 'collection/build-commit.ts',
        find: 'return buildUpdate(operations as readonly (typeof operation)[], input)',
        replace: 'return { ...buildUpdate(operations as readonly (typeof operation)[], input), expect: undefined }',
      },
    ],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'update() > counts every increment when each is awaited before the next',
    },
  },
  {
    name: 'strategy-is-conditional',
    statement: '`assign` to a field with a merge strategy requires the field version that was merged into',
    consequence: 'two concurrent `sum` writes read the same value, and one addition is lost',
    edits: [{ file: 'collection/build-commit.ts', find: 'if (strategy || (remote', replace: 'if ((remote' }],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'defineCollection({ merge }) > adds both amounts when the second write has not received the first',
    },
  },
  {
    name: 'delta-only-on-its-base',
    statement:
      "A change carries a field as a delta only if the stored field was at the delta's base version; otherwise it carries the whole field",
    consequence: 'replicas apply the delta to a value that its writer never saw, and diverge from the store',
    edits: [
      {
        file: 'memory/edits.ts',
        find: 'if (isSameGeneration && delta.base === document?.fields.get(field)?.version)',
        replace: 'if (delta)',
      },
    ],
    provenBy: {
      file: 'memory/commit.test.ts',
      name: 'commit() with inner deltas > sends the whole value when the field is absent, at any floor',
    },
  },
  {
    name: 'store-says-unchanged',
    statement:
      'A field that is left out because it is equal still requires its field version; only the store reports "unchanged"',
    consequence: 'a write that looks redundant on a stale replica is dropped, although the stored value differs',
    edits: [
      {
        file: 'collection/build-commit.ts',
        find: 'if (strategy || (remote',
        replace: 'if (strategy || (false && remote',
      },
    ],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'assign() > writes nothing only when the store, not the replica, has the given values',
    },
  },
  {
    name: 'expectation-names-the-life',
    statement: 'A precondition names the generation that was read, in addition to the version',
    consequence: 'a document is deleted and created again, reaches the same version, and passes for the old one',
    edits: [
      {
        file: 'collection/build-commit.ts',
        find: '=> ({\n  readAt,\n  generation,\n})',
        replace: '=> ({ readAt })',
      },
    ],
    provenBy: {
      file: 'collection/races.test.ts',
      name: 'compareAndSet() > conflicts on a document that was created again with equal versions',
    },
  },
  {
    name: 'life-is-compared',
    statement: 'The store reports a conflict for another generation, even at an equal version',
    consequence: 'rule W19 has no effect',
    edits: [
      {
        file: 'memory/expectation.ts',
        find: 'if (generation && generation !== document?.generation)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/expectations.test.ts',
      name: 'commit() with a precondition on an earlier state > distinguishes a re-created document from the old one with equal versions',
    },
  },
  {
    name: 'write-asks-source',
    statement: 'A write that is based on the document first fills it from the source',
    consequence: "a write creates a document of its own fields, and hides the source's row permanently",
    edits: [
      {
        file: 'collection/commit-loop.ts',
        find: 'if (asksSource && !replica?.value) {',
        replace: 'if (asksSource && !replica) {',
      },
    ],
    provenBy: {
      file: 'collection/source-writes.test.ts',
      name: 'a write to a document that only the source has > finds the row: assign()',
    },
  },
  {
    name: 'shared-answer-keeps-its-position',
    statement: 'A fill requires the absence that was seen before the source was asked',
    consequence: 'a write that joins an older call overwrites an invalidation with the old row',
    edits: [
      {
        file: 'collection/source-loader.ts',
        find: "await write({ kind: 'fill', ...row })",
        replace: "await write({ kind: 'fill', ...row, absentAt: this.#deps.section.position })",
      },
    ],
    provenBy: {
      file: 'collection/source-writes.test.ts',
      name: 'a write to a document that only the source has > discards a row that was read before an invalidation',
    },
  },
  {
    name: 'base-is-loaded-at-call',
    statement: 'The base of a merge is the document at the time of the call, also if it is not cached',
    consequence:
      'of two concurrent writes to a field with a strategy, the one whose document was evicted overwrites the other',
    edits: [
      {
        file: 'collection/write-queue.ts',
        find: 'const loading = section.reader.loadValue(key).then(toBase)',
        replace: 'const loading = Promise.resolve(undefined)',
      },
    ],
    provenBy: {
      file: 'collection/source-writes.test.ts',
      name: 'a field with a merge strategy > merges concurrent writes alike, whether the document is cached, evicted or was never loaded',
    },
  },
]
