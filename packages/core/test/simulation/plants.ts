import type { Edit } from '../rules/rule.ts'

/** A fault that the simulation must notice. */
export interface Plant {
  readonly name: string
  readonly edits: readonly Edit[]
}

/** Faults beside the rules of the protocol. */
export const own: readonly Plant[] = [
  {
    name: 'a gap is applied',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: 'change.version > this.version',
      },
    ],
  },
  {
    name: 'an echo is applied twice',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'if (this.known && change.epoch === this.epoch && change.sequence <= this.seen) return false',
        replace: '',
      },
      {
        file: 'replica/replica.ts',
        find: '(buffer[old] as Change).sequence <= this.seen',
        replace: '(buffer[old] as Change).sequence < this.seen',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.sequence > this.seen && this.#isNext(change)',
        replace: 'this.#isNext(change)',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: '(change.version === this.version || change.version === this.version + 1)',
      },
    ],
  },
  {
    name: 'a condition on the version is not checked',
    edits: [
      {
        file: 'memory/expectation.ts',
        find: 'version !== undefined && version !== (document?.version ?? 0)',
        replace: 'false',
      },
    ],
  },
  {
    name: 'changes of one life are applied in the order in which they come',
    edits: [{ file: 'replica/replica.ts', find: ' && change.version === this.version + 1', replace: '' }],
  },
  {
    name: 'a second gap is not repaired',
    edits: [
      {
        file: 'replica/repair.ts',
        find: 'this.#catchingUp = undefined\n      if (this.#water',
        replace: 'if (this.#water',
      },
    ],
  },
  {
    name: 'the store keeps what has expired',
    edits: [
      {
        file: 'memory/documents.ts',
        find: 'return document && now < document.expiresAt ? document',
        replace: 'return document ? document',
      },
    ],
  },
  {
    name: 'a copy that has lapsed is served',
    edits: [{ file: 'replica/expiry.ts', find: 'lapsesAt <= this.#context.runtime.elapsed()', replace: 'false' }],
  },
  {
    name: 'time is measured by the wall clock',
    edits: [
      {
        file: 'replica/expiry.ts',
        find: 'lapsesAt <= this.#context.runtime.elapsed()',
        replace: 'lapsesAt <= this.#context.runtime.now()',
      },
      {
        file: 'replica/expiry.ts',
        find: 'replica.lapsesAt = this.#context.runtime.elapsed() + ttl',
        replace: 'replica.lapsesAt = this.#context.runtime.now() + ttl',
      },
      { file: 'replica/expiry.ts', find: 'lapsesAt - runtime.elapsed()', replace: 'lapsesAt - runtime.now()' },
      {
        file: 'replica/replicas.ts',
        find: 'replica.install(loaded, this.#context.runtime.elapsed())',
        replace: 'replica.install(loaded, this.#context.runtime.now())',
      },
    ],
  },
  {
    name: 'a strategy takes the last write',
    edits: [{ file: 'merge/merge.ts', find: 'remote + (local - base)', replace: 'local' }],
  },
  {
    name: 'a condition on a field is not checked',
    edits: [
      { file: 'memory/expectation.ts', find: 'if (expected !== fieldVersion(document, field))', replace: 'if (false)' },
    ],
  },
  {
    name: 'what is created takes the place of what is there',
    edits: [{ file: 'memory/expectation.ts', find: 'if (generation === 0 && document)', replace: 'if (false)' }],
  },
  {
    name: 'a write is acknowledged before it is done',
    edits: [
      {
        file: 'collection/commit.ts',
        find: 'if (!(error instanceof StoreAwayError)) throw error',
        replace:
          "if (!(error instanceof StoreAwayError)) throw error\n        if (failures > 0) return { result: { status: 'unchanged', current: { generation: 1, version: 1 }, standing: { epoch: section.history.epoch, sequence: 0, answers: 0, lineage: [] } }, sends }",
      },
    ],
  },
]
