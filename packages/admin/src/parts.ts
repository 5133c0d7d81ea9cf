// Parts of the admin page for pages that compose their own instruments, such as the reference app's.
export { describeEvent } from './describe-event.ts'
export { type ChangeState, type DocumentState, type FieldState, readDocument } from './document.ts'
export { EventLog, type LogLine } from './event-log.ts'
export { checkHeaders, type Refusal, type RequestKind, securityHeaders } from './guard.ts'
export { mediaTypeOf, pageFiles } from './page-files.ts'
