export { closest } from './closest.ts'
export {
  type CommandLine,
  type OptionTypes,
  type OptionValues,
  readChoice,
  readCommandLine,
  readInteger,
} from './read.ts'
export { type Command, type Output, runCommand } from './run.ts'
export { UsageError } from './usage-error.ts'
