// Owns the field of an API error that names none, or names one that the form calls otherwise.
//
// Exports
//   beside({ NO_SUCH_USER: "name", … })   a handler for catch: gives the error its field by its code, throws it on
//   refuse(field, message)                throws what a form itself found wrong

import { ApiError } from "./api.js";

export const beside = (fields) => (error) => {
  error.field = fields[error.code] ?? error.field;
  throw error;
};

export function refuse(field, message) {
  throw new ApiError({ message, detail: { field } });
}
