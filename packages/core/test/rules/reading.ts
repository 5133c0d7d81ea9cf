import type { Rule } from './rule.ts'

/** How replicas and those who watch them keep up, though messages and answers are lost, late or out of order. */
export const reading: readonly Rule[] = [
  {
    name: 'watched-is-held',
    statement: 'A document that somebody watches is not evicted',
    consequence: 'the watcher hears nothing of what comes after',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'if (!isIdle || this.observers.has(replica.key)',
        replace: 'if (!isIdle',
      },
    ],
    provenBy: { file: 'replica/eviction.test.ts', name: 'defineCollection({ cache }) > keeps a watched document' },
  },
  {
    name: 'absence-has-a-position',
    statement: 'A load that finds nothing tells as of when',
    consequence: 'a late change of a deleted document brings it back',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'this.sequence = state.sequence',
        replace: 'this.sequence = document ? state.sequence : 0',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > keeps a document absent when a late change arrives and its deletion is lost',
    },
  },
  {
    name: 'older-snapshot-is-not-installed',
    statement: 'Changes wait for a load under way, and a snapshot older than the replica is not installed',
    consequence: 'the document goes back, and nothing tells that it is behind',
    edits: [
      {
        file: 'replica/replica-table.ts',
        find: 'if (replica.known && replica.pendingLoad === 0) this.#drain(replica)',
        replace: 'if (replica.known) this.#drain(replica)',
      },
      {
        file: 'replica/replica-table.ts',
        find: 'isOlder ? undefined : this.#install(replica, loaded)',
        replace: 'this.#install(replica, loaded)',
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'get() > keeps changes that arrived while the snapshot was in flight',
    },
  },
  {
    name: 'truncated-log-says-so',
    statement: 'A log that no longer reaches far enough says so, and which head it speaks for',
    consequence: 'what it has forgotten is taken for never been',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'if (after.sequence < this.#sequence - this.#log.size)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'the log > says so when it no longer reaches far enough, never "nothing"',
    },
  },
  {
    name: 'gap-of-our-history',
    statement: 'A gap that the log does not cover is passed over only in the history in which it was found',
    consequence: 'the watermark is ahead of the next history, and what that has under these numbers is never asked for',
    edits: [
      {
        file: 'replica/gap-repair.ts',
        find: 'if (this.#epochs.switches !== switches) return\n    this.#replicas',
        replace: 'this.#replicas',
      },
    ],
    provenBy: {
      file: 'replica/truncated-log.test.ts',
      name: 'catchUp() with a truncated log > does not skip a gap of the earlier epoch in the new one',
    },
  },
  {
    name: 'load-older-than-the-gap',
    statement: 'What is being loaded when the log is found not to cover a gap is asked for once more',
    consequence: 'an answer from before the gap is taken for current, and the copy stays old for good',
    edits: [{ file: 'replica/gap-repair.ts', find: 'this.#replicas.restartLoads()', replace: '' }],
    provenBy: {
      file: 'replica/truncated-log.test.ts',
      name: 'catchUp() with a truncated log > repeats a load that was answered before the gap',
    },
  },
  {
    name: 'silence-by-the-gap-free',
    statement: 'The silence check compares the end of the run without a hole, not the highest sequence seen',
    consequence: 'a lost message is hidden by any answer that told of a later one',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'await this.#catchUpTo(state)',
        replace: 'if (state.sequence > highestSeen.sequence) await this.#catchUpTo(state)',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'catchUp() > finds a lost message when a reply has contained a later sequence',
    },
  },
  {
    name: 'ahead-mints',
    statement: 'A store that is asked by one who was shown more than it has begins a new epoch, in the same step',
    consequence: 'the lost tail is written again under the same numbers',
    edits: [
      {
        file: 'memory/stored-section.ts',
        find: 'if (highestSeen?.epoch === this.#epoch && highestSeen.sequence > this.#sequence)',
        replace: 'if (false)',
      },
    ],
    provenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > one who was shown more of this epoch than there is makes the store begin a new one',
    },
  },
  {
    name: 'ahead-is-judged-by-the-store',
    statement: 'Whether somebody is ahead of the store is judged by the store, by the question',
    consequence: 'a change that overtakes an older answer raises a false alarm',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const { state } = head as Head',
        replace:
          "const { state: told } = head as Head\nconst state = told.sequence < this.#sequences.highest ? { ...told, epoch: 'another' } : told",
      },
    ],
    provenBy: {
      file: 'replica/late-replies.test.ts',
      name: 'catchUp() > reports no loss when a change overtakes the reply',
    },
  },
  {
    name: 'question-has-the-highest',
    statement: 'The silence check tells the highest sequence ever shown here, also beyond a hole',
    consequence: 'a store that lost its tail is not told what it lost',
    edits: [
      {
        file: 'replica/section-replica.ts',
        find: 'const highestSeen = { epoch, sequence: this.#sequences.highest }',
        replace: 'const highestSeen = { epoch, sequence: this.#sequences.contiguous }',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'catchUp() > sends the highest sequence seen, also beyond a gap',
    },
  },
  {
    name: 'lapsed-copy-is-verified',
    statement: 'A replica whose copy of the TTL lapses asks the store',
    consequence: 'an expired document lives on wherever nobody reads it',
    edits: [{ file: 'replica/expiry.ts', find: 'this.#verify(replica)', replace: '{}' }],
    provenBy: { file: 'collection/stream-races.test.ts', name: 'changes() > emits a removal when a document expires' },
  },
  {
    name: 'section-waits-at-a-hole',
    statement: 'Who watches a section is told its changes in the order of its sequence: a hole is waited for',
    consequence: 'what was lost on the way is never told, though it was found',
    edits: [
      {
        file: 'replica/reorder-buffer.ts',
        find: 'while (this.#released < contiguous) {',
        replace: 'const highest = Math.max(contiguous, ...this.#pending.keys())\nwhile (this.#released < highest) {',
      },
    ],
    provenBy: { file: 'collection/changes.test.ts', name: 'changes() > emits a lost change in its place' },
  },
  {
    name: 'position-skips-nothing',
    statement: 'The position of a change is safe to save: nothing at or below it is still to come',
    consequence: 'a consumer that starts again there misses what was combined into a later change',
    edits: [
      {
        file: 'collection/change-batching.ts',
        find: 'sequence: Math.max(0, Math.min(lastSequence, safeBefore - 1))',
        replace: 'sequence: lastSequence',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes({ from: { after } }) > misses nothing when it resumes after any change',
    },
  },
  {
    name: 'saved-position-has-its-epoch',
    statement: 'A saved position is judged by its epoch, and begins again where that history was lost',
    consequence: 'a consumer goes on behind changes that it never saw',
    edits: [
      {
        file: 'collection/change-stream.ts',
        find: 'for (let after = from; ; )',
        replace: 'for (let after = { ...from, epoch: epochs.epoch }; ; )',
      },
    ],
    provenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'changes({ from: { after } }) > emits a reset when the store lost the position',
    },
  },
  {
    name: 'change-of-a-frame-by-itself',
    statement: 'Each change of a frame is judged by itself',
    consequence: 'a frame that comes late is dropped for one of its changes, or taken for one',
    edits: [
      {
        file: 'replica/change-router.ts',
        find: 'for (const change of changes) this.accept(change',
        replace:
          'const late = (changes.at(-1)?.sequence ?? 0) <= this.#sequences.highest\nif (!late) for (const change of changes) this.accept(change',
      },
    ],
    provenBy: {
      file: 'replica/heartbeat-check.test.ts',
      name: 'frame > applies the changes of a frame that was overtaken',
    },
  },
]
