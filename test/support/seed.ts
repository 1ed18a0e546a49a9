import fc from 'fast-check'
import { isSearch } from './runs.ts'

// Properties are tried with the same values each time, so that a red result is about what was changed. Where more runs than
// usual are made, it is to find something: each time with other values.
if (!isSearch) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 7 })
