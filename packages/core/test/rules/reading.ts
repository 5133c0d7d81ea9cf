import type { Rule } from './rule.ts'

/** How replicas and those who watch them keep up, though messages and answers are lost, late or out of order. */
export const reading: readonly Rule[] = [
  {
    name: 'watched-is-held',
    says: 'A document that somebody watches is not evicted',
    else: 'the watcher hears nothing of what comes after',
    off: [
      {
        file: 'replica/replicas.ts',
        find: 'if (!idle || this.observers.has(replica.key)',
        replace: 'if (!idle',
      },
    ],
    seenBy: { file: 'replica/eviction.test.ts', name: 'one that is watched is always held' },
  },
  {
    name: 'absence-has-a-position',
    says: 'A load that finds nothing tells as of when',
    else: 'a late change of a deleted document brings it back',
    off: [
      {
        file: 'replica/replica.ts',
        find: 'this.seen = standing.sequence',
        replace: 'this.seen = document ? standing.sequence : 0',
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'a late change of a document that was found absent does not bring it back, though its removal is lost',
    },
  },
  {
    name: 'older-snapshot-is-not-installed',
    says: 'Changes wait for a load under way, and a snapshot older than the replica is not installed',
    else: 'the document goes back, and nothing tells that it is behind',
    off: [
      {
        file: 'replica/replicas.ts',
        find: 'if (replica.known && replica.load === 0) this.#drain(replica)',
        replace: 'if (replica.known) this.#drain(replica)',
      },
      {
        file: 'replica/replicas.ts',
        find: 'older ? undefined : this.#install(replica, loaded)',
        replace: 'this.#install(replica, loaded)',
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'a snapshot does not take back what came while it was on its way',
    },
  },
  {
    name: 'truncated-log-says-so',
    says: 'A log that no longer reaches far enough says so, and which head it speaks for',
    else: 'what it has forgotten is taken for never been',
    off: [
      {
        file: 'memory/section.ts',
        find: 'if (after.sequence < this.#sequence - this.#log.size)',
        replace: 'if (false)',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'the log > says so when it no longer reaches far enough, never "nothing"',
    },
  },
  {
    name: 'gap-of-our-history',
    says: 'A gap that the log does not cover is passed over only in the history in which it was found',
    else: 'the watermark is ahead of the next history, and what that has under these numbers is never asked for',
    off: [
      {
        file: 'replica/repair.ts',
        find: 'if (this.#history.adoptions !== adoptions) return\n    this.#replicas',
        replace: 'this.#replicas',
      },
    ],
    seenBy: {
      file: 'replica/over-the-gap.test.ts',
      name: 'a gap of a history that is over is not passed over in the next one',
    },
  },
  {
    name: 'load-older-than-the-gap',
    says: 'What is being loaded when the log is found not to cover a gap is asked for once more',
    else: 'an answer from before the gap is taken for current, and the copy stays old for good',
    off: [{ file: 'replica/repair.ts', find: 'this.#replicas.loadAnew()', replace: '' }],
    seenBy: {
      file: 'replica/over-the-gap.test.ts',
      name: 'a load that was answered before a gap which the log does not cover is not enough',
    },
  },
  {
    name: 'silence-by-the-gap-free',
    says: 'The silence check compares the end of the run without a hole, not the highest sequence seen',
    else: 'a lost message is hidden by any answer that told of a later one',
    off: [
      {
        file: 'replica/section.ts',
        find: 'await this.#catchUpTo(standing)',
        replace: 'if (standing.sequence > shown.sequence) await this.#catchUpTo(standing)',
      },
    ],
    seenBy: {
      file: 'replica/silence.test.ts',
      name: 'a lost message is found, though an answer has told of later ones since',
    },
  },
  {
    name: 'ahead-mints',
    says: 'A store that is asked by one who was shown more than it has begins a new epoch, in the same step',
    else: 'the lost tail is written again under the same numbers',
    off: [
      {
        file: 'memory/section.ts',
        find: 'if (shown?.epoch === this.#epoch && shown.sequence > this.#sequence)',
        replace: 'if (false)',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > one who was shown more of this epoch than there is makes the store begin a new one',
    },
  },
  {
    name: 'ahead-is-judged-by-the-store',
    says: 'Whether somebody is ahead of the store is judged by the store, by the question',
    else: 'a change that overtakes an older answer raises a false alarm',
    off: [
      {
        file: 'replica/section.ts',
        find: 'const { standing } = head as Head',
        replace:
          "const { standing: told } = head as Head\nconst standing = told.sequence < this.#water.highest ? { ...told, epoch: 'another' } : told",
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'a head answered before the change that arrived meanwhile raises no alarm',
    },
  },
  {
    name: 'question-has-the-highest',
    says: 'The silence check tells the highest sequence ever shown here, also beyond a hole',
    else: 'a store that lost its tail is not told what it lost',
    off: [
      {
        file: 'replica/section.ts',
        find: 'const shown = { epoch, sequence: this.#water.highest }',
        replace: 'const shown = { epoch, sequence: this.#water.gapFree }',
      },
    ],
    seenBy: {
      file: 'replica/silence.test.ts',
      name: 'the store is told the highest sequence that was shown, also beyond a hole',
    },
  },
  {
    name: 'lapsed-copy-is-verified',
    says: 'A replica whose copy of the TTL lapses asks the store',
    else: 'an expired document lives on wherever nobody reads it',
    off: [{ file: 'replica/expiry.ts', find: 'this.#verify(replica)', replace: '{}' }],
    seenBy: { file: 'collection/stream-races.test.ts', name: 'a section is told of expiry too' },
  },
  {
    name: 'section-waits-at-a-hole',
    says: 'Who watches a section is told its changes in the order of its sequence: a hole is waited for',
    else: 'what was lost on the way is never told, though it was found',
    off: [
      {
        file: 'replica/ordered-feed.ts',
        find: 'while (this.#released < gapFree) {',
        replace: 'const highest = Math.max(gapFree, ...this.#waiting.keys())\nwhile (this.#released < highest) {',
      },
    ],
    seenBy: { file: 'collection/changes.test.ts', name: 'a lost message is filled in at its place' },
  },
  {
    name: 'position-skips-nothing',
    says: 'The position of a change is safe to save: nothing at or below it is still to come',
    else: 'a consumer that starts again there misses what was combined into a later change',
    off: [
      {
        file: 'collection/backlog.ts',
        find: 'sequence: Math.max(0, Math.min(last, reach - 1))',
        replace: 'sequence: last',
      },
    ],
    seenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'a consumer that ends after any change, and starts again at its position, misses nothing',
    },
  },
  {
    name: 'saved-position-has-its-epoch',
    says: 'A saved position is judged by its epoch, and begins again where that history was lost',
    else: 'a consumer goes on behind changes that it never saw',
    off: [
      {
        file: 'collection/stream.ts',
        find: 'for (let after = from; ; )',
        replace: 'for (let after = { ...from, epoch: history.epoch }; ; )',
      },
    ],
    seenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'a position saved in a history that the store lost is not taken for one of the next',
    },
  },
  {
    name: 'change-of-a-frame-by-itself',
    says: 'Each change of a frame is judged by itself',
    else: 'a frame that comes late is dropped for one of its changes, or taken for one',
    off: [
      {
        file: 'replica/incoming.ts',
        find: 'for (const change of changes) this.accept(change',
        replace:
          'const late = (changes.at(-1)?.sequence ?? 0) <= this.#water.highest\nif (!late) for (const change of changes) this.accept(change',
      },
    ],
    seenBy: {
      file: 'replica/silence.test.ts',
      name: 'a frame that was overtaken still brings what it has',
    },
  },
]
