import type { Rule } from './rule.ts'

/** How it is noticed that a store's history is another one, and what of the old goes on. */
export const epochs: readonly Rule[] = [
  {
    name: 'fence-in-every-call',
    says: "Every call compares the server's identity in the step that does its work",
    else: 'a write that gets in before the comparison continues the lost tail under the same numbers',
    off: [
      { file: 'memory/server.ts', find: 'section.touch(this.#identity)', replace: '' },
      {
        file: 'memory/server.ts',
        find: 'section.compare(question)',
        replace: 'section.touch(this.#identity)\nsection.compare(question)',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first commit after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'loads-pass-the-fence',
    says: 'Loads compare the identity too',
    else: 'a copy that was promoted serves what is older than acknowledged writes, in the same epoch',
    off: [
      {
        file: 'memory/server.ts',
        find: 'const section = this.#touched(ref)',
        replace: 'const section = this.#sections.get(ref.partition)?.get(ref.section) ?? this.#create(ref)',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first load after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'log-reads-pass-the-fence',
    says: 'Log reads compare the identity too',
    else: 'a copy that was promoted says that there is nothing new, in the same epoch',
    off: [
      {
        file: 'memory/server.ts',
        find: 'return this.#touched(scope).changesSince(',
        replace:
          'return (this.#sections.get(scope.partition)?.get(scope.section) ?? this.#create(scope)).changesSince(',
      },
    ],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > the first changesSince after a restart finds the new epoch, no later call another',
    },
  },
  {
    name: 'identity-new-at-a-start',
    says: 'A server has another identity at every start',
    else: 'a restart that lost the tail goes unnoticed',
    off: [{ file: 'memory/server.ts', find: 'this.#identity++', replace: '' }],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'epochs > a restart that lost nothing begins an epoch whose fork is the head',
    },
  },
  {
    name: 'identity-new-at-a-promotion',
    says: 'A server has another identity at every promotion',
    else: 'a copy without the tail goes on in its name',
    off: [{ file: 'memory/server.ts', find: 'this.restart()', replace: '' }],
    seenBy: {
      file: 'memory/history.test.ts',
      name: 'a lost tail > takes data, counters, log and answers back, and gives the server another identity',
    },
  },
  {
    name: 'epoch-knows-its-parent',
    says: 'An epoch records its parent and the sequence at which it began, and every answer tells',
    else: 'a restart that lost nothing drops every replica',
    off: [
      {
        file: 'memory/section.ts',
        find: 'this.#lineage = Object.freeze([...lineage, fork].slice(first))',
        replace: 'this.#lineage = []',
      },
    ],
    seenBy: {
      file: 'service/faults.test.ts',
      name: 'a restart that loses nothing costs no reload and reports no loss',
    },
  },
  {
    name: 'below-the-fork-goes-on',
    says: 'A replica at or below the fork goes on in the new epoch',
    else: 'a restart that lost nothing drops every replica',
    off: [
      {
        file: 'replica/replicas.ts',
        find: 'else if (replica.epoch !== from || !goesOn(replica.seen))',
        replace: 'else if (true)',
      },
    ],
    seenBy: {
      file: 'service/faults.test.ts',
      name: 'a restart that loses nothing costs no reload and reports no loss',
    },
  },
  {
    name: 'above-the-fork-is-loaded',
    says: 'A replica above the fork is loaded again',
    else: 'it keeps a value that the store lost',
    off: [
      {
        file: 'replica/replicas.ts',
        find: 'else if (replica.epoch !== from || !goesOn(replica.seen))',
        replace: 'else if (replica.epoch !== from)',
      },
    ],
    seenBy: {
      file: 'service/faults.test.ts',
      name: 'a lost tail starts a new epoch: what lies above the fork is loaded again, and the loss is told',
    },
  },
  {
    name: 'back-to-the-fork',
    says: 'A watermark above the fork goes back to it, not to the head',
    else: 'a replica that goes on is never told what came between fork and head',
    off: [
      {
        file: 'replica/section.ts',
        find: 'else this.#water.cutAt(fork)',
        replace: 'else this.#water.startAt(standing.sequence)',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'what the next history has between the fork and its head is read',
    },
  },
  {
    name: 'watchers-go-back-to-the-fork',
    says: 'Whoever watches a section is told from the fork on what the new history has',
    else: 'changes that bear the numbers of lost ones are taken for told',
    off: [
      {
        file: 'replica/ordered-feed.ts',
        find: 'Math.min(this.#released, gapFree)',
        replace: 'this.#released',
      },
    ],
    seenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'who began to watch before a loss is told what the next history has in its place',
    },
  },
  {
    name: 'told-above-the-fork-is-taken-back',
    says: 'A watcher that was told what the store lost is told what there is instead',
    else: 'it keeps a value that nobody else has',
    off: [
      {
        file: 'replica/ordered-feed.ts',
        find: "observer.jump(this.#released, 'epoch')",
        replace: '{}',
      },
    ],
    seenBy: {
      file: 'collection/stream-races.test.ts',
      name: 'what a slow watcher has not taken yet and the store lost is taken back',
    },
  },
  {
    name: 'buffered-above-the-fork-is-dropped',
    says: 'Changes of the lost history that wait for a predecessor are dropped',
    else: 'they are applied behind a change of the new one',
    off: [{ file: 'replica/replicas.ts', find: '.filter((change) => this.#history.holds(change))', replace: '' }],
    seenBy: { file: 'replica/lineage.test.ts', name: 'what waits behind a hole is not mixed into the next history' },
  },
  {
    name: 'noted-above-the-fork-is-forgotten',
    says: 'Sequences of the lost history that were noted beyond a hole are forgotten',
    else: 'those of the new one pass for seen',
    off: [
      {
        file: 'buffer/watermark.ts',
        find: 'for (const each of this.#beyond) if (each > fork) this.#beyond.delete(each)',
        replace: '',
      },
    ],
    seenBy: { file: 'replica/lineage.test.ts', name: 'what waits behind a hole is not mixed into the next history' },
  },
  {
    name: 'late-above-the-fork-is-dropped',
    says: 'A late change of an ancestor epoch counts only at or below the fork',
    else: 'what the store lost comes back, in one replica',
    off: [
      {
        file: 'replica/incoming.ts',
        find: 'else if (change.sequence <= common) this.#heard(',
        replace: 'else this.#heard(',
      },
    ],
    seenBy: {
      file: 'replica/late-answers.test.ts',
      name: 'a late change of a lost history is not taken for one of the new',
    },
  },
  {
    name: 'other-epoch-only-asks',
    says: 'A change of an epoch that is not ours makes us ask the store, at most',
    else: 'a late message throws good replicas away',
    off: [
      {
        file: 'replica/section.ts',
        find: 'suspect: () => this.checkNow(),',
        replace: 'suspect: () => this.checkNow(), hear,',
      },
      {
        file: 'replica/incoming.ts',
        find: 'this.#suspect = () => to.suspect()',
        replace: 'this.#suspect = () => to.suspect()\nthis.hear = to.hear',
      },
      {
        file: 'replica/incoming.ts',
        find: 'const common = this.#history.commonUpTo(change.epoch)',
        replace:
          'this.hear({ epoch: change.epoch, sequence: change.sequence, answers: 0, lineage: [] }, this.#history.adoptions)\nconst common = this.#history.commonUpTo(change.epoch)',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a late change of a history that was left throws nothing away, be it known or forgotten',
    },
  },
  {
    name: 'earlier-questions-are-asked-again',
    says: 'An answer to a question asked before an epoch was adopted is asked again',
    else: 'an answer of the lost history leads back into it',
    off: [
      {
        file: 'replica/section.ts',
        find: 'if (adoption !== this.history.adoptions) return false',
        replace: '',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a head answered before an epoch was adopted does not lead back',
    },
  },
  {
    name: 'repair-asks-again',
    says: 'A repair that was under way when an epoch was adopted asks again',
    else: 'it fills a hole of the new history with the old one',
    off: [
      {
        file: 'replica/repair.ts',
        find: 'if (!this.#owner.hear(page.standing, adoptions)) continue\n      const current',
        replace: 'this.#owner.hear(page.standing, adoptions)\n      const current',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a log read before an epoch was adopted fills no hole of the new one',
    },
  },
  {
    name: 'repair-goes-on-from-the-fork',
    says: 'A repair that is told of another epoch asks again from where that leaves it',
    else: 'what the new history has there is missed until the next check',
    off: [{ file: 'replica/repair.ts', find: 'if (current !== adoptions) continue', replace: '' }],
    seenBy: { file: 'replica/lineage.test.ts', name: 'a repair that is told of another history goes on in that' },
  },
  {
    name: 'judged-on-arrival',
    says: 'An answer of another epoch is judged by what is held when it arrives',
    else: 'the loss of what came after the question is not told',
    off: [
      {
        file: 'replica/section.ts',
        find: 'const shown = { epoch, sequence: this.#water.highest }',
        replace: 'const shown = { epoch, sequence: this.#water.highest }\nthis.asked = this.#water.highest',
      },
      {
        file: 'replica/section.ts',
        find: 'const lost = !goesOn(this.#water.highest)',
        replace: 'const lost = !goesOn(this.asked)',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'the loss of what came while the question was on its way is told',
    },
  },
  {
    name: 'log-counts-as-of-its-answer',
    says: 'Changes read from a log count as of the epoch that answered',
    else: 'those of an epoch that is forgotten by now fit nowhere',
    off: [
      {
        file: 'replica/repair.ts',
        find: '({ ...decodeChange(encoded), epoch: standing.epoch })',
        replace: 'decodeChange(encoded)',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'changes that a log has from an epoch forgotten by now are applied',
    },
  },
  {
    name: 'expected-below-the-fork',
    says: 'An expectation counts only if it was read at or below the fork',
    else: 'a conditional write is judged by counters of the lost history',
    off: [{ file: 'memory/expectation.ts', find: 'if (!holds(standing, readAt))', replace: 'if (false)' }],
    seenBy: {
      file: 'memory/expectations.test.ts',
      name: 'what was read in another history > conflicts beyond it, though the numbers are the same',
    },
  },
  {
    name: 'loss-by-the-highest',
    says: 'Whether something was lost is judged by the highest sequence ever shown or acknowledged here',
    else: 'the loss of a write that was acknowledged beyond a hole is told to nobody',
    off: [
      {
        file: 'replica/section.ts',
        find: 'const lost = !goesOn(this.#water.highest)',
        replace: 'const lost = !goesOn(this.#water.gapFree)',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'the loss of a write that was acknowledged beyond a hole is told',
    },
  },
  {
    name: 'unknown-parent-is-a-loss',
    says: 'An epoch that does not know ours counts as a loss, and all is loaded again',
    else: 'what the store lost is kept, and nobody is told',
    off: [
      {
        file: 'replica/section.ts',
        find: 'fork !== undefined && sequence <= fork',
        replace: 'fork === undefined || sequence <= fork',
      },
    ],
    seenBy: {
      file: 'replica/lineage.test.ts',
      name: 'a history that does not know ours may have lost anything: all is loaded, and told as lost',
    },
  },
]
