import type { PassageKind } from './passage.ts'

/** One banned phrase. */
export interface BannedPhrase {
  /** A space matches any white space, line breaks included; case is ignored. */
  readonly pattern: RegExp
  /** The words to write instead. */
  readonly hint: string
  /** @default every kind */
  readonly kinds?: readonly PassageKind[]
}

const NAME_THE_ACTOR = 'name the actor: the caller, a watcher, a replica, an instance'
const NAME_THE_THING = 'name the thing: the messages, the stored document, the lost changes'
const NO_CLAUSE = 'begin with the actor or the thing, not with a clause: the lost messages, the caller'

/** The phrases that no prose of this repository contains. */
export const wordList: readonly BannedPhrase[] = [
  // subjects without a name
  { pattern: /\bwhoever\b|\bwhom(?:ever)?\b/, hint: NAME_THE_ACTOR },
  { pattern: /\b(?:somebody|someone|nobody|no one|anybody|anyone|everybody|everyone)\b/, hint: NAME_THE_ACTOR },
  { pattern: /\b(?:of|to|by|from|and|but|or|for|with|than|as|on|at|if|is|are|only) who\b/, hint: NAME_THE_ACTOR },
  { pattern: /\b(?:one|those|all|many|two|each) who\b/, hint: NAME_THE_ACTOR },
  { pattern: /\b(?:knows|asks|says|notices|carries|has) who\b/, hint: NAME_THE_ACTOR },
  {
    pattern: /(?:^[\s"'(]*|[.;:!?] )(?:what|who)\b(?![^.;]*\?)/,
    hint: NO_CLAUSE,
    kinds: ['comment', 'string', 'paragraph'],
  },
  {
    pattern: /[.;:!?] (?:what|who)\b(?![^.;]*\?)/,
    hint: NO_CLAUSE,
    kinds: ['docstring', 'title', 'table'],
  },
  {
    pattern:
      /\bwhat (?:is|are|was|were|(?:has|have|had|will) be(?:en)?) (?!the |an? |wrong|it |that |this )\w+(?![^.;]*\?)/,
    hint: NAME_THE_THING,
    kinds: ['docstring', 'comment', 'title', 'string', 'paragraph', 'table'],
  },
  { pattern: /\bwhatever\b/, hint: 'any …, every …; regardless of …' },
  {
    pattern: /\bhowever (?:long|many|much|often|far|deep|late|large|big|small|it|that|they)\b/,
    hint: 'any number of …; regardless of …',
  },

  // messages and notices
  { pattern: /\b(?:tells?|telling)\b(?! (?:\S+ ){0,4}(?:apart|from)\b)/, hint: 'emits, reports, notifies, returns' },
  { pattern: /\btold\b(?! apart)/, hint: 'name the actor: … emits, reports, notifies' },
  { pattern: /\b(?:hears?|heard|hearing)\b/, hint: 'receives, is subscribed to' },
  { pattern: /\bunheard of\b/, hint: 'unknown' },
  { pattern: /\bknown of\b/, hint: 'known' },
  { pattern: /\bsay(?:s|ing)? so\b/, hint: 'reports it, returns an error' },
  {
    pattern: /\bsays? (?:what|how|why|which|whether|where|when|who)\b/,
    hint: 'reports, returns, describes, specifies',
  },
  { pattern: /\bask(?:s|ed)? of\b/, hint: 'requires; requests from' },
  { pattern: /\bheed(?:s|ed|ing)?\b/, hint: 'applies, respects' },

  // existence and state
  { pattern: /\b(?:be|been) had\b/, hint: 'is available' },
  {
    pattern:
      /\b(?:is|are|was|were|be)(?: not| still| already)? there\b(?=\s*(?:[.,;:)]|$)| (?:and|but|or|when|before|if|too|again|once)\b)/,
    hint: 'exists, is present, is available',
  },
  {
    pattern: /\b(?:is|are|was|were|be|been|being|goes|stays|while|store|bus|buses|broker|server|database|hub) away\b/,
    hint: 'is unavailable',
  },
  { pattern: /\b(?:stands?|stood)\b(?! (?:in )?for\b|-)/, hint: 'is, exists; is listed' },
  { pattern: /\b(?:is|are|was|were|be|been|not) held\b(?! (?:up|back|open)\b)/, hint: 'is cached, is kept, is locked' },
  { pattern: /\b(?:is|are|was|were|be|nodes?|others) at work\b/, hint: 'is running, is active' },
  { pattern: /\bups and downs\b/, hint: 'connection status, status changes' },
  {
    pattern: /\bcomes? and goes?\b|\bcomings? and goings?\b/,
    hint: 'is created and deleted; becomes unavailable and available',
  },
  {
    pattern: /(?<!\b(?:there|here) )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|\w+er than\b)[a-z]+/,
    hint: 'is not a …',
  },
  { pattern: /\b(?:that|it|which) (?:is|are|was|were) none\b/, hint: 'is not one; does not exist' },
  { pattern: /\bha(?:s|ve) not(?=\s*(?:[.,;:)]|$))/, hint: 'does not have; repeat the verb' },

  // events and changes
  { pattern: /\b(?:goes|go|going|went|gone) on(?! top\b)\b/, hint: 'continues' },
  { pattern: /\b(?:comes?|came|coming) about\b/, hint: 'happens, occurs' },
  { pattern: /\b(?:comes?|came|brings?|brought) to (?:an|its|their) end\b/, hint: 'ends, completes' },
  { pattern: /\bbec(?:omes?|ame) of\b/, hint: 'the outcome of, the result of' },
  { pattern: /\bends? well\b/, hint: 'succeeds' },
  { pattern: /\blet(?:s|ting)? go\b/, hint: 'releases, evicts' },
  { pattern: /\bse(?:es|e|en|eing) to it\b/, hint: 'ensures' },
  { pattern: /\bthe returned function\b/, hint: 'Returns an unsubscribe function.' },
  { pattern: /\bas (?:it|they) (?:is|are|was|were) (?:wanted|meant|given|made)\b/, hint: 'as requested; unchanged' },

  // connectives and adverbs
  { pattern: /\banew\b/, hint: 'again, re-…' },
  {
    pattern: /\b(?:by|of) (?:itself|themselves)\b|\bof (?:its|their) own accord\b/,
    hint: 'automatically, alone, individually',
  },
  { pattern: /\bmeanwhile\b/, hint: 'while …, during …' },
  { pattern: /\blest\b/, hint: 'so that … not' },
  { pattern: /\bat the (?:most|least|longest)\b/, hint: 'at most, at least' },
  { pattern: /\bfor good\b(?! (?:reasons?|measure)\b)/, hint: 'permanently' },
  { pattern: /\bfor ever\b/, hint: 'forever, without limit' },
  { pattern: /\bany more(?=\s*(?:[.,;:)]|$)| (?:and|or|once|whatever)\b)/, hint: 'no longer' },
  { pattern: /\bin vain\b/, hint: 'without effect, unsuccessfully' },
  { pattern: /\bfor want of\b/, hint: 'without, for lack of' },
  { pattern: /\bin the midst of\b/, hint: 'during, within' },
  { pattern: /\bbe (?:it|they)\b/, hint: 'whether' },
  { pattern: /\blately\b|\bof late\b/, hint: 'recently' },
  { pattern: /\bshall\b/, hint: 'must, will' },
  {
    pattern: /\b(?:thereof|therein|thereby|thereafter|thereupon|hitherto|henceforth|whereupon|wherein|whereof)\b/,
    hint: 'repeat the noun; then, after that',
  },

  // docstrings of limits
  { pattern: /^\s*the most (?:\w+ )+that\b/, hint: 'Maximum number of …', kinds: ['docstring'] },
]
