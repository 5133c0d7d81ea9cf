import type { Rule } from './rule.ts'

/** How the writes of an instance share commits, and what each of them asserts. */
export const writing: readonly Rule[] = [
  {
    name: 'one-write-per-key',
    statement: 'Of the writes of an instance to one document one is under way at a time',
    consequence: 'a newer write overtakes an older one, which then undoes it',
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
    statement: 'Unconditional writes combine with each other, recipes with recipes',
    consequence: 'what rides along with a write of another kind is acknowledged, and not there',
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
    statement: 'A write that insists on a version combines with no other',
    consequence: 'its condition is forgotten, or stands for writes that have none',
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
    statement: "A write with an id of its caller's combines with no other",
    consequence: 'the store never sees the id, and the caller who asks again writes twice',
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
    statement: 'Writes of different meta do not combine',
    consequence: 'a change is told to be of who did not make it',
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
    statement: 'Of combined recipes one that throws is left out, and the others go on',
    consequence: 'a write fails of the fault of another',
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
    statement: 'What was sent once is sent again as it was',
    consequence: 'the answer to the first sending stands for writes that came later, and they are lost',
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
    statement: 'An own change that meets a load under way waits for it, as every change does',
    consequence: 'a load that was answered before the commit hides the own write',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'this.#router.accept(decodeChange(encoded)',
        replace: 'if (!this.#replicas.find(encoded.key)?.load) this.#router.accept(decodeChange(encoded)',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > returns an own write at once when a load is pending and the echo is lost',
    },
  },
  {
    name: 'update-is-never-blind',
    statement: 'An update commits only on the version that its recipe was run on',
    consequence: 'of two instances that count up at once one is not counted',
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
    statement: 'Setting a field with a merge strategy asserts the version that was merged into',
    consequence: 'of two additions to a sum at once one is lost',
    edits: [{ file: 'collection/build-commit.ts', find: 'if (strategy || (remote', replace: 'if ((remote' }],
    provenBy: {
      file: 'collection/writes.test.ts',
      name: 'defineCollection({ merge }) > merges a field when two instances assign it at once',
    },
  },
  {
    name: 'delta-only-on-its-base',
    statement: 'An inner patch travels only if the stored field was what it was taken from; else the whole field does',
    consequence: 'replicas apply it to another value than its writer saw, and part from the store',
    edits: [
      {
        file: 'memory/edits.ts',
        find: 'if (guarded && delta.base === document?.fields.get(field)?.version)',
        replace: 'if (delta)',
      },
    ],
    provenBy: {
      file: 'memory/commit.test.ts',
      name: 'inner deltas > travel whole onto a field that is absent, whatever the floor says',
    },
  },
  {
    name: 'store-says-unchanged',
    statement: 'That nothing changes is decided by the store, by the versions that the writer judged by',
    consequence: 'a write that looks like nothing on an old replica is dropped',
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
    statement: 'A writer expects the generation that it read, beside the version',
    consequence: 'a document deleted and made again passes for the old one, at equal versions',
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
    statement: 'A store conflicts on another generation, whatever the version',
    consequence: 'a document deleted and made again passes for the old one, at equal versions',
    edits: [
      {
        file: 'memory/expectation.ts',
        find: 'if (generation && generation !== document?.generation)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/expectations.test.ts',
      name: 'equal numbers of a document made again do not pass for the old one',
    },
  },
]
