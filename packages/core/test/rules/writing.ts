import type { Rule } from './rule.ts'

/** How the writes of an instance share commits, and what each of them asserts. */
export const writing: readonly Rule[] = [
  {
    name: 'one-write-per-key',
    says: 'Of the writes of an instance to one document one is under way at a time',
    else: 'a newer write overtakes an older one, which then undoes it',
    off: [
      {
        file: 'collection/writer.ts',
        find: 'await this.#perform(key, queue.splice',
        replace: 'void this.#perform(key, queue.splice',
      },
    ],
    seenBy: {
      file: 'collection/order.test.ts',
      name: 'a write that is slow on its way is not overtaken by a later one',
    },
  },
  {
    name: 'alike-combine',
    says: 'Unconditional writes combine with each other, recipes with recipes',
    else: 'what rides along with a write of another kind is acknowledged, and not there',
    off: [
      {
        file: 'collection/job.ts',
        find: 'next.intent.kind === first.intent.kind && plain(next, merged)',
        replace: 'plain(next, merged)',
      },
    ],
    seenBy: { file: 'collection/order.test.ts', name: 'what waits combines only with its own kind' },
  },
  {
    name: 'condition-goes-alone',
    says: 'A write that insists on a version combines with no other',
    else: 'its condition is forgotten, or stands for writes that have none',
    off: [
      {
        file: 'collection/job.ts',
        find: 'if (options.opId !== undefined || options.ifVersion !== undefined) return false',
        replace: 'if (options.opId !== undefined) return false',
      },
    ],
    seenBy: {
      file: 'collection/order.test.ts',
      name: 'what insists on a version does so, though it waits behind others',
    },
  },
  {
    name: 'given-id-goes-alone',
    says: "A write with an id of its caller's combines with no other",
    else: 'the store never sees the id, and the caller who asks again writes twice',
    off: [
      {
        file: 'collection/job.ts',
        find: 'if (options.opId !== undefined || options.ifVersion !== undefined) return false',
        replace: 'if (options.ifVersion !== undefined) return false',
      },
    ],
    seenBy: { file: 'collection/order.test.ts', name: 'an id of its own is kept by a write that waits behind others' },
  },
  {
    name: 'meta-goes-alone',
    says: 'Writes of different meta do not combine',
    else: 'a change is told to be of who did not make it',
    off: [
      {
        file: 'collection/job.ts',
        find: ' && sameMeta(first.options.meta, next.options.meta)',
        replace: '',
      },
    ],
    seenBy: {
      file: 'collection/writes.test.ts',
      name: 'meta travels with the change, and writes of different meta do not combine',
    },
  },
  {
    name: 'failing-recipe-alone',
    says: 'Of combined recipes one that throws is left out, and the others go on',
    else: 'a write fails of the fault of another',
    off: [{ file: 'collection/draft.ts', find: 'if (intents.length === 1) throw error', replace: 'throw error' }],
    seenBy: {
      file: 'collection/writes.test.ts',
      name: 'writes that wait behind a commit combine; a recipe that throws is left out alone',
    },
  },
  {
    name: 'sent-is-not-recombined',
    says: 'What was sent once is sent again as it was',
    else: 'the answer to the first sending stands for writes that came later, and they are lost',
    off: [
      {
        file: 'collection/writer.ts',
        find: 'if (jobs.some((job) => !this.#open.has(job))) jobs = jobs.filter((job) => this.#open.has(job))',
        replace: 'jobs = [...jobs, ...(this.#queues.get(key) ?? []).splice(0)].filter((job) => this.#open.has(job))',
      },
      {
        file: 'collection/commit.ts',
        find: 'await link.pause(failures++)',
        replace:
          'await link.pause(failures++)\nrequest = this.#request(await this.#draft(request.op.attempt), request.op, this.#live()[0])',
      },
    ],
    seenBy: { file: 'collection/order.test.ts', name: 'what is sent again takes nothing along that came later' },
  },
  {
    name: 'own-change-through-the-buffer',
    says: 'An own change that meets a load under way waits for it, as every change does',
    else: 'a load that was answered before the commit hides the own write',
    off: [
      {
        file: 'replica/section.ts',
        find: 'this.#incoming.accept(decodeChange(encoded)',
        replace: 'if (!this.#replicas.find(encoded.key)?.load) this.#incoming.accept(decodeChange(encoded)',
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'an own write made while the document is being loaded is read at once, though its echo is lost',
    },
  },
  {
    name: 'update-is-never-blind',
    says: 'An update commits only on the version that its recipe was run on',
    else: 'of two instances that count up at once one is not counted',
    off: [
      {
        file: 'collection/draft.ts',
        find: 'return draftUpdate(intents as readonly (typeof intent)[], input)',
        replace: 'return { ...draftUpdate(intents as readonly (typeof intent)[], input), expect: undefined }',
      },
    ],
    seenBy: {
      file: 'collection/writes.test.ts',
      name: 'awaited one by one, and so without combining, they count right as well',
    },
  },
  {
    name: 'strategy-is-conditional',
    says: 'Setting a field with a merge strategy asserts the version that was merged into',
    else: 'of two additions to a sum at once one is lost',
    off: [{ file: 'collection/draft.ts', find: 'if (strategy || (remote', replace: 'if ((remote' }],
    seenBy: { file: 'collection/writes.test.ts', name: 'a field with a strategy is merged when two set it at once' },
  },
  {
    name: 'delta-only-on-its-base',
    says: 'An inner patch travels only if the stored field was what it was taken from; else the whole field does',
    else: 'replicas apply it to another value than its writer saw, and part from the store',
    off: [
      {
        file: 'memory/edits.ts',
        find: 'if (guarded && delta.base === document?.fields.get(field)?.version)',
        replace: 'if (delta)',
      },
    ],
    seenBy: {
      file: 'memory/commit.test.ts',
      name: 'inner deltas > travel whole onto a field that is absent, whatever the floor says',
    },
  },
  {
    name: 'store-says-unchanged',
    says: 'That nothing changes is decided by the store, by the versions that the writer judged by',
    else: 'a write that looks like nothing on an old replica is dropped',
    off: [
      {
        file: 'collection/draft.ts',
        find: 'if (strategy || (remote',
        replace: 'if (strategy || (false && remote',
      },
    ],
    seenBy: {
      file: 'collection/writes.test.ts',
      name: 'what is as wanted already is not written, and the store is who says so',
    },
  },
  {
    name: 'expectation-names-the-life',
    says: 'A writer expects the generation that it read, beside the version',
    else: 'a document deleted and made again passes for the old one, at equal versions',
    off: [
      {
        file: 'collection/draft.ts',
        find: '=> ({ readAt, generation })',
        replace: '=> ({ readAt })',
      },
    ],
    seenBy: {
      file: 'collection/races.test.ts',
      name: 'a condition on a document is not met by another of its name, though the versions are the same',
    },
  },
  {
    name: 'life-is-compared',
    says: 'A store conflicts on another generation, whatever the version',
    else: 'a document deleted and made again passes for the old one, at equal versions',
    off: [
      {
        file: 'memory/expectation.ts',
        find: 'if (generation && generation !== document?.generation)',
        replace: 'if (false)',
      },
    ],
    seenBy: {
      file: 'memory/expectations.test.ts',
      name: 'equal numbers of a document made again do not pass for the old one',
    },
  },
]
