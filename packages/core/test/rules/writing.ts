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
      name: 'a write that is slow on its way is not overtaken by a later one',
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
    provenBy: { file: 'collection/order.test.ts', name: 'what waits combines only with its own kind' },
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
      name: 'what insists on a version does so, though it waits behind others',
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
      name: 'an id of its own is kept by a write that waits behind others',
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
      name: 'meta travels with the change, and writes of different meta do not combine',
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
      name: 'writes that wait behind a commit combine; a recipe that throws is left out alone',
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
    provenBy: { file: 'collection/order.test.ts', name: 'what is sent again takes nothing along that came later' },
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
      file: 'replica/late-answers.test.ts',
      name: 'an own write made while the document is being loaded is read at once, though its echo is lost',
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
      name: 'awaited one by one, and so without combining, they count right as well',
    },
  },
  {
    name: 'strategy-is-conditional',
    statement: 'Setting a field with a merge strategy asserts the version that was merged into',
    consequence: 'of two additions to a sum at once one is lost',
    edits: [{ file: 'collection/build-commit.ts', find: 'if (strategy || (remote', replace: 'if ((remote' }],
    provenBy: { file: 'collection/writes.test.ts', name: 'a field with a strategy is merged when two set it at once' },
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
      name: 'commit() with inner deltas > sends the whole value when the field is absent, at any floor',
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
      name: 'what is as wanted already is not written, and the store is who says so',
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
      name: 'a condition on a document is not met by another of its name, though the versions are the same',
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
      name: 'commit() with a precondition on an earlier state > distinguishes a re-created document from the old one with equal versions',
    },
  },
]
