package fasttext

import "fmt"

// node is a node of the Huffman tree: a label where left is -1.
type node struct {
	left, right int32
	count       int64
}

// buildTree builds the Huffman tree of the labels' counts, which the file has in descending order, as fastText does: the two
// rarest nodes, leaves from the end and inner ones from the start, become the next inner node's left and right. Counts of at
// least 1 that add up to less than 10^15, as fastText's own must, keep its depth below 75.
func buildTree(counts []int64) ([]node, error) {
	const most = int64(1e15)
	n, sum := len(counts), int64(0)
	tree := make([]node, 2*n-1)
	for i := range tree {
		tree[i] = node{left: -1, right: -1, count: most}
		if i < n {
			if counts[i] < 1 || counts[i] >= most-sum {
				return nil, fmt.Errorf("label %d of %d has count %d, want at least 1 and a sum below %d", i, n, counts[i], most)
			}
			tree[i].count = counts[i]
			sum += counts[i]
		}
	}
	leaf, inner := n-1, n
	for i := n; i < len(tree); i++ {
		var pick [2]int
		for j := range pick {
			if leaf >= 0 && tree[leaf].count < tree[inner].count {
				pick[j] = leaf
				leaf--
			} else {
				pick[j] = inner
				inner++
			}
		}
		tree[i].left, tree[i].right = int32(pick[0]), int32(pick[1])
		tree[i].count = tree[pick[0]].count + tree[pick[1]].count
	}
	return tree, nil
}
