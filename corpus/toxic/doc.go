// Package toxic drops documents by the swear words, insults and adult advertising in them: the filter `toxicity`.
//
// A list of words says what counts, how severe each is, in which longer words and phrases it does not count (Scunthorpe, 性别) and
// which words around it make it count less (a clinic's, a court's, a newspaper's). What decides is how dense the words are, and how
// many different ones there are: one oath in a novel is none of its business. Latin words match as words, Chinese ones anywhere.
//
// The built-in list is small, mild and our own, and holds no names for groups of people; for serious work give lists of your own. A list
// cannot read: it misses what is said in decent words and meets what is quoted. The classifier (corpus/classify) is the other half.
package toxic
