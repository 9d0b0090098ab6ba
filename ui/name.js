// Owns the grammar of account names and of the parts of repository names, as the registry itself demands.
//
// Exports
//   isName(text)     whether it is one

const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

export const isName = (text) => NAME.test(text);
